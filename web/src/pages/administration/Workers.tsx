import { Badge, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import type { WorkerReport } from "../../api/types";
import { DataTable } from "../../ui/DataTable";
import { format } from "../../ui/format";
import { Lead } from "../../ui/Lead";
import { Loading } from "../../ui/Loading";
import { Trouble } from "../../ui/Trouble";

/** Who sends, and who would take over. */
export function Workers() {
    const { t } = useTranslation();
    const query = useQuery({
        queryKey: ["workers"],
        queryFn: ({ signal }) => data(api.GET("/api/v1/workers", { signal })),
        refetchInterval: 3_000,
    });
    if (query.isPending) return <Loading />;
    const workers = [...(query.data?.workers ?? [])].reverse();
    return (
        <>
            <Lead>{t("administration.workers.lead")}</Lead>
            <Trouble error={query.error} onRetry={() => void query.refetch()} />
            {query.data && !workers.some((worker) => worker.is_alive) && (
                <MessageBar intent="error" layout="multiline">
                    <MessageBarBody>{t("administration.workers.none")}</MessageBarBody>
                </MessageBar>
            )}
            {workers.length > 0 && (
                <DataTable
                    label={t("administration.parts.workers")}
                    rows={workers}
                    keyOf={(worker) => worker.id}
                    columns={[
                        {
                            name: "number",
                            heading: t("administration.workers.number"),
                            cell: ({ id }) => format.number(id),
                        },
                        {
                            name: "stands",
                            heading: t("administration.workers.stands"),
                            cell: (worker) => <Stands worker={worker} />,
                        },
                        {
                            name: "host",
                            heading: t("administration.workers.host"),
                            cell: ({ host }) => <code>{host.split(" ")[0]?.slice(0, 8)}</code>,
                        },
                        {
                            name: "process",
                            heading: t("administration.workers.process"),
                            cell: ({ pid }) => <code>{pid}</code>,
                        },
                        {
                            name: "since",
                            heading: t("administration.workers.since"),
                            cell: ({ registered_at }) => format.second(registered_at),
                        },
                        {
                            name: "seen",
                            heading: t("administration.workers.seen"),
                            cell: ({ alive_until }) => format.second(alive_until),
                        },
                    ]}
                />
            )}
        </>
    );
}

function Stands({ worker: { is_alive, holds } }: { worker: WorkerReport }) {
    const { t } = useTranslation();
    if (!is_alive)
        return (
            <Badge appearance="tint" color="informative">
                {t("administration.workers.gone")}
            </Badge>
        );
    return (
        <Badge appearance="tint" color={holds ? "success" : "brand"}>
            {t(holds ? "administration.workers.holds" : "administration.workers.ready")}
        </Badge>
    );
}
