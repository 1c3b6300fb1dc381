import { Badge, makeStyles, ProgressBar, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import type { QuotaReport } from "../../api/types";
import { DataTable } from "../../ui/DataTable";
import { format } from "../../ui/format";
import { Lead } from "../../ui/Lead";
import { Loading } from "../../ui/Loading";
import { Trouble } from "../../ui/Trouble";

const useStyles = makeStyles({
    bar: { width: "160px", maxWidth: "100%", marginTop: tokens.spacingVerticalXS },
});

/** How often Microsoft lets us ask, and what holds us back right now. */
export function Quotas() {
    const { t } = useTranslation();
    const query = useQuery({
        queryKey: ["quotas"],
        queryFn: ({ signal }) => data(api.GET("/api/v1/quotas", { signal })),
        refetchInterval: 2_000,
    });
    if (query.isPending) return <Loading />;
    return (
        <>
            <Lead>{t("administration.quotas.lead")}</Lead>
            <Trouble error={query.error} onRetry={() => void query.refetch()} />
            {query.data && (
                <DataTable
                    label={t("administration.parts.quotas")}
                    rows={query.data.quotas}
                    keyOf={(quota) => quota.bucket}
                    columns={[
                        {
                            name: "what",
                            heading: t("administration.quotas.what"),
                            cell: ({ bucket }) => t(`administration.quotas.bucket.${bucket}`),
                        },
                        {
                            name: "granted",
                            heading: t("administration.quotas.granted"),
                            cell: (quota) => (
                                <span style={{ whiteSpace: "nowrap" }}>
                                    <Granted quota={quota} />
                                </span>
                            ),
                        },
                        {
                            name: "used",
                            heading: t("administration.quotas.used"),
                            cell: (quota) => <Used quota={quota} />,
                        },
                        {
                            name: "stands",
                            heading: t("administration.quotas.stands"),
                            cell: (quota) => <Stands quota={quota} />,
                        },
                    ]}
                />
            )}
        </>
    );
}

function Granted({ quota: { requests, window_seconds } }: { quota: QuotaReport }) {
    const { t } = useTranslation();
    const formatted = format.number(requests);
    return window_seconds === 1
        ? t("administration.quotas.per_second", { requests: formatted })
        : t("administration.quotas.per_window", { requests: formatted, window: format.duration(window_seconds) });
}

function Used({ quota: { bucket, share } }: { quota: QuotaReport }) {
    const { t } = useTranslation();
    const styles = useStyles();
    return (
        <div>
            {format.percent(share)}
            <ProgressBar
                className={styles.bar}
                value={share}
                thickness="large"
                color={share < 1 ? "warning" : "brand"}
                aria-label={t(`administration.quotas.bucket.${bucket}`)}
                aria-valuetext={t("administration.quotas.share", { share: format.percent(share) })}
            />
        </div>
    );
}

function Stands({ quota: { share, rests_until, is_limit } }: { quota: QuotaReport }) {
    const { t } = useTranslation();
    const rests = rests_until != null && new Date(rests_until).getTime() > Date.now();
    return (
        <div style={{ display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS }}>
            {is_limit && (
                <Badge appearance="tint" color="brand">
                    {t("administration.quotas.limit")}
                </Badge>
            )}
            {rests
                ? t("administration.quotas.rests", { time: format.second(rests_until) })
                : share < 1
                  ? t("administration.quotas.slowed")
                  : !is_limit && t("administration.quotas.free")}
        </div>
    );
}
