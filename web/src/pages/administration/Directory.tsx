import {
    Button,
    MessageBar,
    MessageBarBody,
    MessageBarTitle,
    makeStyles,
    Spinner,
    tokens,
    typographyStyles,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../api/client";
import { keys } from "../../api/queries";
import type { DirectoryStatus } from "../../api/types";
import { format } from "../../ui/format";
import { Lead } from "../../ui/Lead";
import { Loading } from "../../ui/Loading";
import { Trouble } from "../../ui/Trouble";
import { Groups } from "./Groups";

const useStyles = makeStyles({
    numbers: {
        display: "flex",
        flexWrap: "wrap",
        gap: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalXXXL}`,
        margin: 0,
    },
    term: { color: tokens.colorNeutralForeground2 },
    number: { ...typographyStyles.title3, margin: 0, fontVariantNumeric: "tabular-nums" },
    bar: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
    quiet: { color: tokens.colorNeutralForeground3, margin: 0, maxWidth: "46rem" },
});

const isGoing = (status: DirectoryStatus | undefined) => !!status?.reading && !status.reading.ended_at;

/** Whom we know, since when, and reading it anew. */
export function Directory() {
    const { t } = useTranslation();
    const styles = useStyles();
    const cache = useQueryClient();
    const query = useQuery({
        queryKey: keys.directory(),
        queryFn: ({ signal }) => data(api.GET("/api/v1/directory", { signal })),
        refetchInterval: ({ state }) => (isGoing(state.data) ? 700 : 30_000),
    });
    const read = useMutation({
        mutationFn: (whole: boolean) =>
            data(
                api.POST("/api/v1/directory/sync", {
                    params: { query: { whole }, header: { "Idempotency-Key": intention() } },
                }),
            ),
        onSuccess: () => cache.invalidateQueries({ queryKey: keys.directory() }),
    });
    if (query.isPending) return <Loading />;
    const status = query.data;
    if (!status) return <Trouble error={query.error} onRetry={() => void query.refetch()} />;
    const isReading = read.isPending || isGoing(status);
    return (
        <>
            <Lead>{t("administration.directory.lead")}</Lead>
            <Trouble error={query.error ?? read.error} />
            {status.failure && (
                <MessageBar intent="error" layout="multiline">
                    <MessageBarBody>
                        <MessageBarTitle>
                            {t("administration.directory.failed", { when: format.ago(status.failure.at) })}
                        </MessageBarTitle>
                        <span lang="en">{status.failure.message}</span>
                    </MessageBarBody>
                </MessageBar>
            )}
            {(status.stale || !status.read_at) && (
                <MessageBar intent={status.read_at ? "info" : "warning"} layout="multiline">
                    <MessageBarBody>
                        {t(status.read_at ? "administration.directory.stale" : "administration.directory.never")}
                    </MessageBarBody>
                </MessageBar>
            )}
            <dl className={styles.numbers}>
                {[
                    [t("administration.directory.people"), format.number(status.people)],
                    [t("administration.directory.left"), format.number(status.left)],
                    [
                        t("administration.directory.read"),
                        status.read_at ? format.second(status.read_at) : t("common.never"),
                    ],
                ].map(([term, number]) => (
                    <div key={term}>
                        <dt className={styles.term}>{term}</dt>
                        <dd className={styles.number}>{number}</dd>
                    </div>
                ))}
            </dl>
            <div className={styles.bar}>
                <Button appearance="primary" disabledFocusable={isReading} onClick={() => read.mutate(false)}>
                    {t("administration.directory.now")}
                </Button>
                <Button disabledFocusable={isReading} onClick={() => read.mutate(true)}>
                    {t("administration.directory.whole")}
                </Button>
            </div>
            <Reading status={status} />
            <p className={styles.quiet}>{t("administration.directory.hint")}</p>
            <Groups />
        </>
    );
}

/** The numbers change under one's eyes and are not read aloud; that it goes on, and how it ended, is. */
function Reading({ status: { reading } }: { status: DirectoryStatus }) {
    const { t } = useTranslation();
    const styles = useStyles();
    if (!reading) return <div role="status" />;
    const { progress } = reading;
    const counts = {
        people: format.number(progress.people),
        changed: format.number(progress.changed),
        left: format.number(progress.left),
        requests: format.number(progress.requests),
    };
    const what = progress.waits
        ? t("administration.directory.reading.waits")
        : t(progress.whole ? "administration.directory.reading.whole" : "administration.directory.reading.changes");
    return (
        <div>
            <div role="status">
                {!reading.ended_at ? (
                    <Spinner size="small" label={what} style={{ justifyContent: "start" }} />
                ) : reading.failure ? (
                    <span lang="en">{reading.failure}</span>
                ) : (
                    t("administration.directory.reading.done", { when: format.ago(reading.ended_at), ...counts })
                )}
            </div>
            {!reading.ended_at && (
                <p className={styles.quiet}>{t("administration.directory.reading.so_far", counts)}</p>
            )}
        </div>
    );
}
