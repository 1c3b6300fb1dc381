import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { Passages } from "../../../ui/Passages";
import type { Part } from "../DraftPage";
import type { Lack } from "./lacking";
import { StepLink } from "./StepLink";

const useStyles = makeStyles({
    bar: { alignSelf: "stretch" },
    list: { margin: `${tokens.spacingVerticalXS} 0`, paddingLeft: tokens.spacingHorizontalL, overflowWrap: "anywhere" },
});

const STEPS: Part[] = ["words", "audience", "send"];

/** What is still missing, each with the way to where it is mended. */
export function Lacking({ lacks }: { lacks: Lack[] }) {
    const { t } = useTranslation();
    const styles = useStyles();
    if (lacks.length === 0) return null;
    return (
        <MessageBar intent="warning" layout="multiline" className={styles.bar}>
            <MessageBarBody>
                <MessageBarTitle>{t("send.lacking.title")}</MessageBarTitle>
                {STEPS.map((step) => {
                    const here = lacks.filter((lack) => lack.step === step);
                    if (here.length === 0) return null;
                    return (
                        <div key={step}>
                            <ul className={styles.list}>
                                {here.map((lack) => (
                                    <li key={lack.field + lack.passages[0]?.text}>
                                        {lack.passages[0]?.text.startsWith(lack.field) || (
                                            <strong>
                                                {lack.field}
                                                {t("common.colon")}{" "}
                                            </strong>
                                        )}
                                        <Passages of={lack.passages} />
                                    </li>
                                ))}
                            </ul>
                            {step !== "send" && <StepLink to={step}>{t(`send.lacking.to_${step}`)}</StepLink>}
                        </div>
                    );
                })}
            </MessageBarBody>
        </MessageBar>
    );
}
