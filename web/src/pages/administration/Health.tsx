import {
    Accordion,
    AccordionHeader,
    AccordionItem,
    AccordionPanel,
    Button,
    MessageBar,
    MessageBarBody,
    MessageBarTitle,
    makeStyles,
    Spinner,
    tokens,
} from "@fluentui/react-components";
import { StethoscopeRegular } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";
import { Empty } from "../../ui/Empty";
import { format } from "../../ui/format";
import { Lead } from "../../ui/Lead";
import { Loading } from "../../ui/Loading";
import { Trouble } from "../../ui/Trouble";
import { Checks } from "./Checks";
import { sorted, useExamination } from "./doctor";

const useStyles = makeStyles({
    bar: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalL },
    quiet: { color: tokens.colorNeutralForeground3 },
});

/** Whether everything is as it should be, and the cure where it is not. */
export function Health() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { query, begin, isGoing } = useExamination();
    if (query.isPending) return <Loading />;
    const report = query.data?.examination;
    const checks = report?.checks ?? [];
    const { failures, warnings, skipped, well } = sorted(checks);
    const examine = (
        <Button appearance="primary" disabledFocusable={isGoing} onClick={() => begin.mutate()}>
            {t(report ? "administration.health.again" : "administration.health.examine")}
        </Button>
    );
    const count = (count: number) => ({ count, formatted: format.number(count) });
    return (
        <>
            <Lead>{t("administration.health.lead")}</Lead>
            <Trouble error={query.error ?? begin.error} />
            {!report && !isGoing ? (
                <Empty
                    icon={<StethoscopeRegular />}
                    title={t("administration.health.never")}
                    text={t("administration.health.never_text")}
                >
                    {examine}
                </Empty>
            ) : (
                <div className={styles.bar}>
                    {examine}
                    {report?.ended_at && (
                        <span className={styles.quiet}>
                            {t("administration.health.as_of", { when: format.ago(report.ended_at) })}
                        </span>
                    )}
                </div>
            )}
            <div role="status">
                {isGoing && (
                    <Spinner
                        size="small"
                        labelPosition="after"
                        style={{ justifyContent: "start" }}
                        label={t("administration.health.examining")}
                    />
                )}
                {!isGoing && report && (
                    <Verdict
                        failures={failures.length}
                        warnings={warnings.length + skipped.length}
                        brokenOff={report.failure ?? undefined}
                    />
                )}
            </div>
            {isGoing && checks.length > 0 && (
                <span className={styles.quiet}>{t("administration.health.found", count(checks.length))}</span>
            )}
            <Checks checks={[...failures, ...warnings, ...skipped]} />
            {well.length > 0 && (
                <Accordion collapsible>
                    <AccordionItem value="well">
                        <AccordionHeader as="h2">{t("administration.health.well", count(well.length))}</AccordionHeader>
                        <AccordionPanel>
                            <Checks checks={well} />
                        </AccordionPanel>
                    </AccordionItem>
                </Accordion>
            )}
        </>
    );
}

function Verdict({ failures, warnings, brokenOff }: { failures: number; warnings: number; brokenOff?: string }) {
    const { t } = useTranslation();
    if (brokenOff)
        return (
            <MessageBar intent="error" layout="multiline">
                <MessageBarBody>
                    <MessageBarTitle>{t("administration.health.broken_off")}</MessageBarTitle>
                    <span lang="en">{brokenOff}</span>
                </MessageBarBody>
            </MessageBar>
        );
    const counted = failures || warnings;
    const count = { count: counted, formatted: format.number(counted) };
    const text =
        failures > 0
            ? t("administration.health.unsound", count)
            : warnings > 0
              ? t("administration.health.warned", count)
              : t("administration.health.sound");
    return (
        <MessageBar intent={failures > 0 ? "error" : warnings > 0 ? "warning" : "success"} layout="multiline">
            <MessageBarBody>
                <MessageBarTitle>{text}</MessageBarTitle>
            </MessageBarBody>
        </MessageBar>
    );
}
