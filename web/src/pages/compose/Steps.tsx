/** The three steps of a draft, as links that tell what still lacks something. */

import { makeStyles, tokens } from "@fluentui/react-components";
import { CheckmarkCircleFilled, CircleRegular, ErrorCircleFilled } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import type { Part } from "./DraftPage";
import { useDraft } from "./draft";
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

/** Which fields are written where. */
const FIELDS: Record<Part, string[]> = {
    words: ["title", "body", "image", "author", "banner", "buttons", "channel", "feed", "post_to"],
    audience: ["audience", "accept_partial"],
    send: ["schedule", "deadline", "tolerance", "expire_after", "tell", "urgent", "when_in_doubt"],
};

type Mark = "complete" | "lacking" | "wrong";

export function Steps() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { document, validation, faults } = useDraft();
    const { isToldAll } = useTelling();
    const markOf = (part: Part): Mark | undefined => {
        const isWell = FIELDS[part].every((field) => faults(field).length === 0);
        if (!validation || (part === "send" && isWell)) return undefined;
        return isWell ? "complete" : isToldAll || part === "send" ? "wrong" : "lacking";
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
