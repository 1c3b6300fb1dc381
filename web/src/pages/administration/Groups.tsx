import { Badge, Subtitle1 } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import { DataTable } from "../../ui/DataTable";
import { format } from "../../ui/format";
import { Lead } from "../../ui/Lead";
import { Trouble } from "../../ui/Trouble";

/** The groups and teams whose members we keep fresh. */
export function Groups() {
    const { t } = useTranslation();
    const query = useQuery({
        queryKey: ["groups"],
        queryFn: ({ signal }) => data(api.GET("/api/v1/groups", { signal })),
    });
    const groups = query.data?.groups;
    return (
        <>
            <Subtitle1 as="h2" style={{ margin: 0 }}>
                {t("administration.directory.groups.title")}
            </Subtitle1>
            <Lead>
                {groups?.length === 0
                    ? t("administration.directory.groups.empty")
                    : t("administration.directory.groups.text")}
            </Lead>
            <Trouble error={query.error} onRetry={() => void query.refetch()} />
            {groups && groups.length > 0 && (
                <DataTable
                    label={t("administration.directory.groups.title")}
                    rows={groups}
                    keyOf={(group) => group.id}
                    columns={[
                        {
                            name: "name",
                            heading: t("administration.directory.groups.name"),
                            cell: ({ name }) => name,
                        },
                        {
                            name: "kind",
                            heading: t("administration.directory.groups.kind"),
                            cell: ({ team, hidden }) => (
                                <span>
                                    {t(
                                        team
                                            ? "administration.directory.groups.team"
                                            : "administration.directory.groups.group",
                                    )}{" "}
                                    {hidden && (
                                        <Badge appearance="tint" color="warning">
                                            {t("administration.directory.groups.hidden")}
                                        </Badge>
                                    )}
                                </span>
                            ),
                        },
                        {
                            name: "members",
                            heading: t("administration.directory.groups.members"),
                            cell: ({ members }) => format.number(members),
                            isNumber: true,
                        },
                        {
                            name: "outsiders",
                            heading: t("administration.directory.groups.outsiders"),
                            cell: ({ outsiders }) => format.number(outsiders),
                            isNumber: true,
                        },
                        {
                            name: "read",
                            heading: t("administration.directory.groups.read"),
                            cell: ({ read_at }) => (read_at ? format.ago(read_at) : t("common.never")),
                        },
                    ]}
                />
            )}
        </>
    );
}
