/** How many people that is, beside whatever is being chosen. */

import {
    Body1,
    Caption1,
    makeStyles,
    mergeClasses,
    Spinner,
    Subtitle2,
    Title1,
    tokens,
} from "@fluentui/react-components";
import { PeopleCommunityRegular } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";
import type { DryRun } from "../../../api/types";
import { format, usePeople } from "../../../ui/format";
import { Trouble } from "../../../ui/Trouble";
import { useDraft } from "../draft";
import type { Counted } from "./dryRun";
import { Forecast } from "./Forecast";
import { Rolls } from "./Rolls";
import { Sources } from "./Sources";

const useStyles = makeStyles({
    panel: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalL,
        padding: tokens.spacingHorizontalXL,
        borderRadius: tokens.borderRadiusXLarge,
        backgroundColor: tokens.colorNeutralBackground1,
        boxShadow: tokens.shadow2,
        // Seen in high contrast only, which knows no shadows.
        border: `1px solid ${tokens.colorTransparentStroke}`,
        minHeight: "180px",
    },
    title: { margin: 0 },
    icon: { fontSize: "40px", color: tokens.colorBrandForeground1, lineHeight: 1 },
    count: { display: "flex", flexDirection: "column" },
    old: { opacity: 0.55 },
    number: { fontVariantNumeric: "tabular-nums" },
    counting: { justifyContent: "start" },
    quiet: { color: tokens.colorNeutralForeground2 },
});

export function DryRunPanel({ counted }: { counted: Counted }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { run, isOld, isNobody, faults, error, again } = counted;
    const isPosted = useDraft().manuscript.channel === "team_channel";
    const title = t(isPosted ? "audience.panel.title_posts" : "audience.panel.title");
    return (
        <section className={styles.panel} aria-label={title}>
            <Subtitle2 as="h2" className={styles.title}>
                {title}
            </Subtitle2>
            {isNobody ? (
                <>
                    <PeopleCommunityRegular className={styles.icon} aria-hidden />
                    <Body1 className={styles.quiet}>{t("audience.panel.invite")}</Body1>
                </>
            ) : (
                <>
                    <div role="status">
                        {isOld && !error && (
                            <Spinner
                                size="tiny"
                                className={styles.counting}
                                label={run ? t("audience.panel.again") : t("audience.panel.counting")}
                            />
                        )}
                        {run && !isOld && <Count run={run} />}
                    </div>
                    {run && isOld && (
                        <div className={styles.old} aria-hidden>
                            <Count run={run} />
                        </div>
                    )}
                    {faults.length > 0 && (
                        <Body1 className={styles.quiet}>
                            {t(isPosted ? "audience.panel.cannot_post" : "audience.panel.cannot")}
                        </Body1>
                    )}
                    <Trouble error={error} onRetry={() => void again()} />
                    {run && faults.length === 0 && (
                        <div className={mergeClasses(isOld && styles.old)}>
                            <Details run={run} />
                        </div>
                    )}
                </>
            )}
        </section>
    );
}

/** The number that matters, and what of it must be known at once. */
function Count({ run }: { run: DryRun }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    if (run.posts.length > 0) return <Body1>{t("audience.panel.posts", { where: run.posts.join(", ") })}</Body1>;
    return (
        <div className={styles.count}>
            <Title1 className={styles.number}>{format.number(run.reachable)}</Title1>
            <Body1>{t("audience.panel.will_get_it", { count: run.reachable })}</Body1>
            {run.targeted > run.reachable && (
                <Caption1 className={styles.quiet}>
                    {t("audience.panel.of_chosen", { people: people(run.targeted) })}
                </Caption1>
            )}
        </div>
    );
}

function Details({ run }: { run: DryRun }) {
    return (
        <>
            <Rolls run={run} />
            <Sources run={run} />
            <Forecast run={run} />
        </>
    );
}
