/** The place of a list that is being asked for, as high as the list will be. */

import { makeStyles, Skeleton, SkeletonItem, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";

const useStyles = makeStyles({
    frame: {
        display: "grid",
        gap: tokens.spacingVerticalXL,
        padding: `${tokens.spacingVerticalXXL} ${tokens.spacingHorizontalL}`,
        backgroundColor: tokens.colorNeutralBackground1,
        borderRadius: tokens.borderRadiusXLarge,
        boxShadow: tokens.shadow2,
    },
});

export function Waiting({ lines = 6 }: { lines?: number }) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <Skeleton className={styles.frame} aria-label={t("common.loading")}>
            {Array.from({ length: lines }, (_, line) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines that are all alike.
                <SkeletonItem key={line} size={24} />
            ))}
        </Skeleton>
    );
}
