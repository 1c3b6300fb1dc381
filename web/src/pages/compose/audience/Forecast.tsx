/** How long it would take, and what the server adds. */

import { Body1Strong, Caption1, makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { DryRun } from "../../../api/types";
import { format } from "../../../ui/format";

const useStyles = makeStyles({
    part: { marginTop: tokens.spacingVerticalM, display: "flex", flexDirection: "column" },
    quiet: { color: tokens.colorNeutralForeground2 },
});

/** How long sending takes, in words. */
export function useForecast(): (run: DryRun) => string {
    const { t } = useTranslation();
    return (run) => {
        const unknown = run.forecast?.unknown_because;
        if (unknown === "nobody_works") return t("audience.forecast.nobody_works");
        if (unknown === "halted") return t("audience.forecast.halted");
        const seconds = run.forecast?.work_seconds ?? run.expected_seconds;
        if (seconds === null || seconds === undefined) return t("audience.forecast.unknown");
        return seconds < 60
            ? t("audience.forecast.under_a_minute")
            : t("audience.forecast.about", { time: format.duration(seconds) });
    };
}

export function Forecast({ run }: { run: DryRun }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const forecast = useForecast();
    const beside = run.forecast?.beside ?? 0;
    return (
        <div className={styles.part}>
            <Body1Strong>{t("audience.forecast.title")}</Body1Strong>
            <span>{forecast(run)}</span>
            {beside > 0 && (
                <Caption1 className={styles.quiet}>{t("audience.forecast.beside", { count: beside })}</Caption1>
            )}
            {run.forecast?.installed.is_assumed && (
                <Caption1 className={styles.quiet}>{t("audience.forecast.assumed")}</Caption1>
            )}
            {run.notes.map((note) => (
                <Caption1 key={note} lang="en">
                    {note}
                </Caption1>
            ))}
        </div>
    );
}
