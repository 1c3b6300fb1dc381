/** What is rarely needed: who speaks, and where it appears. */

import {
    Accordion,
    AccordionHeader,
    AccordionItem,
    AccordionPanel,
    Button,
    Field,
    Input,
    MessageBar,
    MessageBarActions,
    MessageBarBody,
    makeStyles,
    Radio,
    RadioGroup,
    Text,
    Textarea,
    tokens,
} from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Manuscript } from "../../api/types";
import { useDryRun } from "./audience/dryRun";
import { useDraft } from "./draft";
import { FindTeam } from "./FindTeam";
import { saysTooMuch, UNSEEN_IN_FEEDS } from "./presentable";
import { useFault, useTelling } from "./telling";
import { faultsOf } from "./validation";

const useStyles = makeStyles({
    item: { marginLeft: `calc(-1 * ${tokens.spacingHorizontalM})` },
    panel: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalL,
        paddingTop: tokens.spacingVerticalM,
    },
    choice: { display: "block" },
    hint: { color: tokens.colorNeutralForeground3 },
});

const CHANNELS = ["chat", "feed", "both", "team_channel"] as const;

export function More() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { manuscript, faults } = useDraft();
    const { isToldAll } = useTelling();
    const isUsed = manuscript.author !== null || manuscript.channel !== "chat";
    const isWrong = isToldAll && ["author", "channel", "feed", "post_to"].some((field) => faults(field).length > 0);
    const [isOpen, setOpen] = useState(isUsed);
    return (
        <Accordion
            collapsible
            className={styles.item}
            openItems={isOpen || isWrong ? ["more"] : []}
            onToggle={() => setOpen(!isOpen)}
        >
            <AccordionItem value="more">
                <AccordionHeader>{t("compose.more")}</AccordionHeader>
                <AccordionPanel className={styles.panel}>
                    {(manuscript.channel !== "feed" || saysTooMuch(manuscript)) && <Author />}
                    <Channel />
                    {(manuscript.channel === "feed" || manuscript.channel === "both") && <Feed />}
                    {manuscript.channel === "team_channel" && <Posts />}
                </AccordionPanel>
            </AccordionItem>
        </Accordion>
    );
}

function Author() {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const fault = useFault("author", t("compose.author.label"));
    return (
        <Field label={t("compose.author.label")} hint={t("compose.author.hint")} {...fault.field}>
            <Input
                placeholder={t("compose.author.placeholder")}
                value={manuscript.author ?? ""}
                onChange={(_, { value }) => change({ author: value || null })}
                onBlur={fault.onBlur}
            />
        </Field>
    );
}

function Channel() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { manuscript, change } = useDraft();
    const { channel } = manuscript;
    const choose = (next: Manuscript["channel"]) => {
        const goesToFeed = next === "feed" || next === "both";
        change({
            channel: next,
            ...(goesToFeed ? {} : { feed: null }),
            ...(next === "team_channel" ? {} : { post_to: [] }),
        });
    };
    return (
        <>
            <Field label={t("compose.channel.label")}>
                <RadioGroup value={channel} onChange={(_, { value }) => choose(value as Manuscript["channel"])}>
                    {CHANNELS.map((one) => (
                        <Radio
                            key={one}
                            value={one}
                            label={
                                <>
                                    <Text className={styles.choice}>{t(`compose.channel.${one}`)}</Text>
                                    <Text size={200} className={styles.hint}>
                                        {t(`compose.channel.${one}_hint`)}
                                    </Text>
                                </>
                            }
                        />
                    ))}
                </RadioGroup>
            </Field>
            {saysTooMuch(manuscript) && (
                <MessageBar intent="warning" layout="multiline">
                    <MessageBarBody>{t("compose.channel.feed_body")}</MessageBarBody>
                    <MessageBarActions>
                        <Button onClick={() => change(UNSEEN_IN_FEEDS)}>{t("compose.channel.feed_leave")}</Button>
                    </MessageBarActions>
                </MessageBar>
            )}
        </>
    );
}

/** What the server fills in where nothing is said of activity feeds. */
const FEED = { parameters: {}, all_members: false, by_principal_name: false, name_app: false } as Partial<
    NonNullable<Manuscript["feed"]>
>;

function Feed() {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const fault = useFault("feed", t("compose.channel.preview_text"));
    const put = (text: string) =>
        change({ feed: { ...FEED, ...manuscript.feed, preview_text: text || null } as Manuscript["feed"] });
    return (
        <Field label={t("compose.channel.preview_text")} hint={t("compose.channel.preview_hint")} {...fault.field}>
            <Input
                placeholder={manuscript.title}
                value={manuscript.feed?.preview_text ?? ""}
                onChange={(_, { value }) => put(value)}
                onBlur={fault.onBlur}
            />
        </Field>
    );
}

function Posts() {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    // Whether a team is there is known once somebody has looked for it.
    const fault = useFault("post_to", t("compose.channel.post_to"), faultsOf(useDryRun().faults, "post_to"));
    // A line that is being begun names nothing yet, but stands on the screen.
    const [text, setText] = useState(manuscript.post_to.join("\n"));
    const put = (value: string) => {
        setText(value);
        change({
            post_to: value
                .split("\n")
                .map((line) => line.trim())
                .filter(Boolean),
        });
    };
    return (
        <>
            <Field
                label={t("compose.channel.post_to")}
                required
                hint={t("compose.channel.post_to_hint")}
                {...fault.field}
            >
                <Textarea
                    resize="vertical"
                    rows={4}
                    value={text}
                    onChange={(_, { value }) => put(value)}
                    onBlur={fault.onBlur}
                />
            </Field>
            <FindTeam onFound={(name) => put([...manuscript.post_to, name].join("\n"))} />
        </>
    );
}
