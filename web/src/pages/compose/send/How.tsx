/** How it is treated: what nearly nobody changes stands closed. */

import {
    Accordion,
    AccordionHeader,
    AccordionItem,
    AccordionPanel,
    Field,
    makeStyles,
    Radio,
    RadioGroup,
    Switch,
    tokens,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useMe } from "../../../session/Session";
import { useDraft } from "../draft";
import { Duration } from "./Duration";
import { Section } from "./Section";

const useStyles = makeStyles({
    accordion: { marginLeft: `calc(-1 * ${tokens.spacingHorizontalM})`, alignSelf: "stretch" },
    panel: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalL,
        paddingTop: tokens.spacingVerticalS,
    },
});

export function How() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { manuscript, change, isReadOnly } = useDraft();
    const { who } = useMe();
    const me = who.kind === "person" ? who.principal_name : undefined;
    const isMe = [me, who.id].some((name) => name?.toLowerCase() === manuscript.tell?.toLowerCase());
    return (
        <Section title={t("send.how.title")}>
            <Field hint={t("send.urgent.hint")}>
                <Switch
                    checked={manuscript.urgent}
                    disabled={isReadOnly}
                    onChange={(_, { checked }) => change({ urgent: checked })}
                    label={t("send.urgent.label")}
                />
            </Field>
            {(me || manuscript.tell) && (
                <Field hint={t("send.tell.hint")}>
                    <Switch
                        checked={Boolean(manuscript.tell)}
                        disabled={isReadOnly}
                        onChange={(_, { checked }) => change({ tell: checked ? (me ?? null) : null })}
                        label={
                            manuscript.tell && !isMe
                                ? t("send.tell.other", { who: manuscript.tell })
                                : t("send.tell.label")
                        }
                    />
                </Field>
            )}
            <Accordion collapsible className={styles.accordion}>
                <AccordionItem value="more">
                    <AccordionHeader>{t("send.how.more")}</AccordionHeader>
                    <AccordionPanel className={styles.panel}>
                        <Field label={t("send.doubt.label")} hint={t("send.doubt.hint")}>
                            <RadioGroup
                                value={manuscript.when_in_doubt}
                                disabled={isReadOnly}
                                onChange={(_, { value }) =>
                                    change({ when_in_doubt: value === "resend" ? "resend" : "hold" })
                                }
                            >
                                <Radio value="hold" label={t("send.doubt.hold")} />
                                <Radio value="resend" label={t("send.doubt.resend")} />
                            </RadioGroup>
                        </Field>
                        <Duration field="deadline" usual="72h" choices={["1h", "4h", "12h", "1d", "72h", "7d"]} />
                        <Duration field="expire_after" choices={["1d", "3d", "7d", "14d", "30d", "90d"]} />
                        <Duration field="tolerance" usual="1h" choices={["10m", "30m", "1h", "4h", "1d"]} />
                        {manuscript.schedule && (
                            <Duration field="prepare" usual="12h" choices={["0s", "1h", "4h", "12h", "1d"]} />
                        )}
                    </AccordionPanel>
                </AccordionItem>
            </Accordion>
        </Section>
    );
}
