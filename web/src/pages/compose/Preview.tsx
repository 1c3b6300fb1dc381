/** What people get, as Teams shows it: the notification, and the message. */

import {
    Caption1,
    FluentProvider,
    makeStyles,
    mergeClasses,
    Subtitle2,
    Text,
    tokens,
} from "@fluentui/react-components";
import {
    DarkThemeRegular,
    DesktopRegular,
    PhoneRegular,
    WeatherMoonRegular,
    WeatherSunnyRegular,
} from "@fluentui/react-icons";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Manuscript } from "../../api/types";
import { format } from "../../ui/format";
import { type Appearance, THEMES, useAppearance } from "../../ui/theme";
import { Segments } from "./Segments";
import { SizeMeter } from "./SizeMeter";
import { BotAvatar, Toast } from "./Toast";
import { type Shown, useShown } from "./useShown";

const Card = lazy(() => import("./Card"));

const useStyles = makeStyles({
    preview: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
    head: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
    heading: { margin: 0, flexGrow: 1 },
    stage: {
        padding: tokens.spacingHorizontalL,
        borderRadius: tokens.borderRadiusXLarge,
        backgroundColor: tokens.colorNeutralBackground3,
        border: `1px solid ${tokens.colorNeutralStroke2}`,
        minHeight: "220px",
    },
    device: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL, margin: "0 auto" },
    phone: { maxWidth: "328px" },
    said: { display: "flex", gap: tokens.spacingHorizontalS, alignItems: "start" },
    bubble: { flexGrow: 1, minWidth: 0 },
    who: { display: "flex", gap: tokens.spacingHorizontalS, marginBottom: tokens.spacingVerticalXXS },
    card: {
        overflow: "hidden",
        borderRadius: tokens.borderRadiusLarge,
        backgroundColor: tokens.colorNeutralBackground1,
        border: `1px solid ${tokens.colorNeutralStroke2}`,
        boxShadow: tokens.shadow2,
    },
    quiet: { color: tokens.colorNeutralForeground3 },
    empty: { maxWidth: "28ch", margin: "64px auto", textAlign: "center", color: tokens.colorNeutralForeground3 },
});

type Device = "desktop" | "phone";

export type PreviewProps = {
    /** As it stands on the screen. */
    manuscript: Manuscript;
    /** It was sent: with this notification, if with any, and how large it is matters to nobody any more. */
    sent?: { notification: Shown["notification"] };
};

export function Preview({ manuscript, sent }: PreviewProps) {
    const { t } = useTranslation();
    const styles = useStyles();
    const drawn = useShown(manuscript);
    const shown = sent ? { ...drawn, notification: sent.notification } : drawn;
    const usual = useAppearance();
    const [chosen, setAppearance] = useState<Appearance>();
    const [device, setDevice] = useState<Device>("desktop");
    const appearance = chosen ?? usual;
    return (
        <section aria-label={t("compose.preview.title")} className={styles.preview}>
            <div className={styles.head}>
                <Subtitle2 as="h2" className={styles.heading}>
                    {t("compose.preview.title")}
                </Subtitle2>
                <Looks appearance={appearance} device={device} onAppearance={setAppearance} onDevice={setDevice} />
            </div>
            <FluentProvider theme={THEMES[appearance]} className={styles.stage}>
                <div className={mergeClasses(styles.device, device === "phone" && styles.phone)}>
                    <Said shown={shown} appearance={appearance} />
                </div>
            </FluentProvider>
            {shown.message && shown.as === "stale" && (
                <Text size={200} className={styles.quiet} role="status">
                    {t("compose.preview.stale")}
                </Text>
            )}
            {shown.message && shown.as === "unfinished" && (
                <Text size={200} className={styles.quiet}>
                    {t("compose.preview.unfinished")}
                </Text>
            )}
            {shown.message && !sent && <SizeMeter message={shown.message} />}
        </section>
    );
}

function Said({ shown, appearance }: { shown: Shown; appearance: Appearance }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { message, notification } = shown;
    if (shown.isBlank) return <Text className={styles.empty}>{t("compose.preview.empty")}</Text>;
    if (!message && !notification)
        return (
            <Text className={styles.empty}>
                {t(shown.isAwaited ? "compose.preview.loading" : "compose.preview.mend")}
            </Text>
        );
    return (
        <>
            {message && (
                <div>
                    {notification && <Caption1 className={styles.quiet}>{t("compose.preview.of_chat")}</Caption1>}
                    <Toast text={message.summary} />
                </div>
            )}
            {notification && (
                <div>
                    <Caption1 className={styles.quiet}>{t("compose.preview.of_feed")}</Caption1>
                    <Toast
                        title={notification.parameters.map(([, value]) => value).join(" ")}
                        text={notification.preview}
                    />
                </div>
            )}
            {message && (
                <div className={styles.said}>
                    <BotAvatar />
                    <div className={styles.bubble}>
                        <div className={styles.who}>
                            <Caption1>{t("compose.preview.app")}</Caption1>
                            <Caption1 className={styles.quiet}>{format.clock(new Date().toISOString())}</Caption1>
                        </div>
                        <div className={styles.card}>
                            <Suspense fallback={<Text className={styles.empty}>{t("compose.preview.loading")}</Text>}>
                                <Card card={message.card} appearance={appearance} />
                            </Suspense>
                        </div>
                    </div>
                </div>
            )}
        </>
    );
}

type LooksProps = {
    appearance: Appearance;
    device: Device;
    onAppearance: (appearance: Appearance) => void;
    onDevice: (device: Device) => void;
};

const APPEARANCES = [
    { value: "light", icon: <WeatherSunnyRegular /> },
    { value: "dark", icon: <WeatherMoonRegular /> },
    { value: "contrast", icon: <DarkThemeRegular /> },
] as const;
const DEVICES = [
    { value: "desktop", icon: <DesktopRegular /> },
    { value: "phone", icon: <PhoneRegular /> },
] as const;

function Looks({ appearance, device, onAppearance, onDevice }: LooksProps) {
    const { t } = useTranslation();
    return (
        <>
            <Segments
                label={t("compose.preview.appearance")}
                value={appearance}
                choices={APPEARANCES.map((choice) => ({ ...choice, label: t(`compose.preview.${choice.value}`) }))}
                onChange={onAppearance}
            />
            <Segments
                label={t("compose.preview.device")}
                value={device}
                choices={DEVICES.map((choice) => ({ ...choice, label: t(`compose.preview.${choice.value}`) }))}
                onChange={onDevice}
            />
        </>
    );
}
