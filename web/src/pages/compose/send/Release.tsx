/** The end of the page: how long it takes, what is still missing, and the button. */

import { Body1, Button, Caption1, MessageBar, MessageBarBody, makeStyles, tokens } from "@fluentui/react-components";
import { CheckmarkCircleRegular, ClockRegular, SendFilled } from "@fluentui/react-icons";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay, useMe } from "../../../session/Session";
import { format, usePeople } from "../../../ui/format";
import type { Counted } from "../audience/dryRun";
import { useForecast } from "../audience/Forecast";
import { useDraft } from "../draft";
import { Foot } from "../Foot";
import { Confirm } from "./Confirm";
import { useHour } from "./hour";
import { Lacking } from "./Lacking";
import type { Lack } from "./lacking";
import { Section } from "./Section";

const useStyles = makeStyles({
    quiet: { color: tokens.colorNeutralForeground2 },
    bar: { alignSelf: "stretch" },
});

export function Release({ counted, lacks }: { counted: Counted; lacks: Lack[] }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const forecast = useForecast();
    const me = useMe();
    const mayWrite = useMay("author", "admin");
    const hour = useHour();
    // Even at an hour that is none.
    const isLater = useDraft().manuscript.schedule != null;
    const [isAsking, ask] = useState(false);
    const { run, isOld } = counted;
    const limit = me.people_max;
    const isTooMany = run !== undefined && limit !== null && limit !== undefined && run.targeted > limit;
    const deed = run?.needs_approval ? "submit" : "send";
    const [lackingId, reasonId] = [useId(), useId()];
    const isReady = run !== undefined && !isOld && lacks.length === 0 && counted.faults.length === 0 && !isTooMany;

    if (!mayWrite) return <Body1>{t("send.release.not_yours")}</Body1>;
    const label = () => {
        if (!run) return t("send.release.send_plain");
        if (deed === "submit") return t("send.release.submit");
        const who = people(run.reachable);
        if (run.posts.length > 0) return t(isLater ? "send.release.post_later" : "send.release.post");
        return isLater ? t("send.release.schedule", { people: who }) : t("send.release.send", { people: who });
    };
    return (
        <>
            <Section title={t("send.release.title")}>
                {lacks.length > 0 && (
                    <div id={lackingId} className={styles.bar}>
                        <Lacking lacks={lacks} />
                    </div>
                )}
                {run && !isTooMany && (
                    <div>
                        <Body1>{t("send.release.takes", { time: forecast(run) })}</Body1>
                        {run.expected_end_at && !hour && (run.expected_seconds ?? 0) >= 60 && (
                            <>
                                {" "}
                                <Caption1 className={styles.quiet}>
                                    {t("send.release.ends", { time: format.clock(run.expected_end_at) })}
                                </Caption1>
                            </>
                        )}
                    </div>
                )}
                {run && deed === "submit" && !isTooMany && (
                    <MessageBar className={styles.bar} layout="multiline">
                        <MessageBarBody>
                            {t("send.release.approval", {
                                people: people(run.targeted),
                                limit: format.number(me.approve_above ?? 0),
                            })}
                        </MessageBarBody>
                    </MessageBar>
                )}
                {isTooMany && (
                    <MessageBar className={styles.bar} intent="error" layout="multiline">
                        <MessageBarBody>
                            {limit === 0
                                ? t("send.release.none_allowed")
                                : t("send.release.too_many", { people: people(run.targeted), limit: people(limit) })}
                        </MessageBarBody>
                    </MessageBar>
                )}
                {isAsking && <Confirm deed={deed} counted={counted} onClose={() => ask(false)} />}
            </Section>
            <Foot>
                <Button
                    appearance="primary"
                    size="large"
                    icon={deed === "submit" ? <CheckmarkCircleRegular /> : isLater ? <ClockRegular /> : <SendFilled />}
                    disabledFocusable={!isReady}
                    aria-describedby={lacks.length > 0 ? `${lackingId} ${reasonId}` : reasonId}
                    onClick={() => ask(true)}
                >
                    {label()}
                </Button>
                <Caption1 id={reasonId} className={styles.quiet}>
                    {isReady
                        ? t("send.release.asked_once_more")
                        : isOld && run
                          ? t("audience.panel.again")
                          : t("send.release.not_ready")}
                </Caption1>
            </Foot>
        </>
    );
}
