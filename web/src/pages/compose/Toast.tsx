/** The notification, as Teams shows it in a corner of the screen or on a phone. */

import { Caption1, makeStyles, Text, tokens } from "@fluentui/react-components";
import { MegaphoneRegular } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";

const useStyles = makeStyles({
    toast: {
        display: "grid",
        gridTemplateColumns: "auto minmax(0, 1fr) auto",
        columnGap: tokens.spacingHorizontalM,
        alignItems: "start",
        padding: tokens.spacingHorizontalM,
        borderRadius: tokens.borderRadiusLarge,
        color: tokens.colorNeutralForeground1,
        backgroundColor: tokens.colorNeutralBackground1,
        border: `1px solid ${tokens.colorNeutralStroke2}`,
        boxShadow: tokens.shadow8,
    },
    text: { display: "flex", flexDirection: "column" },
    line: {
        display: "-webkit-box",
        WebkitLineClamp: 2,
        WebkitBoxOrient: "vertical",
        overflow: "hidden",
        overflowWrap: "anywhere",
    },
    quiet: { color: tokens.colorNeutralForeground3 },
});

const useAvatar = makeStyles({
    avatar: {
        display: "flex",
        alignItems: "center",
        justifyContent: "center",
        flexShrink: 0,
        width: "32px",
        height: "32px",
        borderRadius: tokens.borderRadiusMedium,
        fontSize: "18px",
        color: tokens.colorNeutralForegroundOnBrand,
        backgroundColor: tokens.colorBrandBackground,
    },
});

export function BotAvatar() {
    const { avatar } = useAvatar();
    return (
        <span className={avatar} aria-hidden>
            <MegaphoneRegular />
        </span>
    );
}

/** `title` is of the activity feed; of a message it is the app that speaks. */
export function Toast({ title, text }: { title?: string; text: string }) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <div className={styles.toast}>
            <BotAvatar />
            <span className={styles.text}>
                <Text weight="semibold" className={styles.line}>
                    {title ?? t("compose.preview.app")}
                </Text>
                <Text className={styles.line}>{text}</Text>
            </span>
            <Caption1 className={styles.quiet}>{t("compose.preview.now")}</Caption1>
        </div>
    );
}
