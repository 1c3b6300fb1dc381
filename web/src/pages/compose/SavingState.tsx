/** Whether what stands here is saved: quietly, beside the title. */

import { Caption1, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { ArrowSyncRegular, CheckmarkRegular, WarningRegular } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";
import { useDraft, useKeeping } from "./draft";

const useStyles = makeStyles({
    state: {
        display: "inline-flex",
        alignItems: "center",
        gap: tokens.spacingHorizontalXS,
        color: tokens.colorNeutralForeground3,
    },
    trouble: { color: tokens.colorPaletteDarkOrangeForeground1 },
});

export function SavingState() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { isReadOnly } = useDraft();
    const { saving, error } = useKeeping();
    if (isReadOnly) return null;
    const isWaiting = saving === "unsaved" && error !== undefined;
    const isTrouble = saving === "failed" || saving === "conflict" || isWaiting;
    return (
        <Caption1 className={mergeClasses(styles.state, isTrouble && styles.trouble)}>
            {isTrouble ? (
                <WarningRegular aria-hidden />
            ) : saving === "saved" ? (
                <CheckmarkRegular aria-hidden />
            ) : (
                <ArrowSyncRegular aria-hidden />
            )}
            {t(`compose.keep.${isWaiting ? "waiting" : saving === "unsaved" ? "saving" : saving}`)}
        </Caption1>
    );
}
