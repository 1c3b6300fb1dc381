/** The three steps of a draft, as links that tell what still lacks something. */

import { makeStyles, tokens } from "@fluentui/react-components";
import { CheckmarkCircleFilled, CircleRegular, ErrorCircleFilled } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import { useDryRun } from "./audience/dryRun";
import type { Part } from "./DraftPage";
import { useDraft } from "./draft";
import { useLacking } from "./send/lacking";
import { useTelling } from "./telling";

const useStyles = makeStyles({
    steps: {
        display: "flex",
        gap: tokens.spacingHorizontalXS,
        marginBottom: tokens.spacingVerticalXXL,
        borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    },
    step: {
        display: "flex",
        alignItems: "center",
        gap: tokens.spacingHorizontalXS,
        padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
        marginBottom: "-1px",
        color: tokens.colorNeutralForeground2,
        textDecorationLine: "none",
        borderBottom: "3px solid transparent",
        ":hover": { color: tokens.colorNeutralForeground1, borderBottomColor: tokens.colorNeutralStroke1Hover },
        ":focus-visible": {
            outline: `2px solid ${tokens.colorStrokeFocus2}`,
            outlineOffset: "-2px",
            borderRadius: tokens.borderRadiusMedium,
        },
        "&[aria-current]": {
            color: tokens.colorNeutralForeground1,
            fontWeight: tokens.fontWeightSemibold,
            borderBottomColor: tokens.colorCompoundBrandStroke,
        },
    },
    complete: { color: tokens.colorPaletteGreenForeground1 },
    lacking: { color: tokens.colorNeutralForeground3 },
    wrong: { color: tokens.colorPaletteDarkOrangeForeground1 },
    said: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
});

const PARTS: Part[] = ["words", "audience", "send"];

type Mark = "complete" | "lacking" | "wrong";

export function Steps() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { document, manuscript, validation } = useDraft();
    const { isToldAll } = useTelling();
    const counted = useDryRun();
    const lacks = useLacking(counted);
    // A group that is none, or a channel, is known only once somebody has looked for it.
    const isLookedUp = counted.run !== undefined && !counted.isOld && counted.faults.length === 0;
    const markOf = (part: Part): Mark | undefined => {
        if (!validation) return undefined;
        if (lacks.some(({ step }) => step === part)) return isToldAll || part === "send" ? "wrong" : "lacking";
        const isWell = part === "words" ? manuscript.channel !== "team_channel" || isLookedUp : isLookedUp;
        return isWell && part !== "send" ? "complete" : undefined;
    };
    return (
        <nav aria-label={t("compose.steps.label")} className={styles.steps}>
            {PARTS.map((part) => {
                const mark = markOf(part);
                return (
                    <NavLink key={part} to={`/broadcasts/${document.id}/${part}`} className={styles.step}>
                        {t(`compose.steps.${part}`)}
                        {mark === "complete" && <CheckmarkCircleFilled className={styles.complete} aria-hidden />}
                        {mark === "lacking" && <CircleRegular className={styles.lacking} aria-hidden />}
                        {mark === "wrong" && <ErrorCircleFilled className={styles.wrong} aria-hidden />}
                        {mark && <span className={styles.said}>{t(`compose.steps.${mark}`)}</span>}
                    </NavLink>
                );
            })}
        </nav>
    );
}
