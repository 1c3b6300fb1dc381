import { Button, Dropdown, Field, Input, makeStyles, Option, tokens } from "@fluentui/react-components";
import { ClipboardTaskListLtrRegular } from "@fluentui/react-icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api, data } from "../../api/client";
import type { NumberedDeed } from "../../api/types";
import { useCalm } from "../../ui/clockwork";
import { Empty } from "../../ui/Empty";
import { Lead } from "../../ui/Lead";
import { Loading } from "../../ui/Loading";
import { Trouble } from "../../ui/Trouble";
import { Deeds, useActorName } from "./DeedTable";
import { done } from "./deeds";

const useStyles = makeStyles({
    filters: { display: "flex", flexWrap: "wrap", alignItems: "flex-start", gap: tokens.spacingHorizontalL },
    filter: { flexGrow: 1, minWidth: "min(240px, 100%)", maxWidth: "400px" },
    more: { alignSelf: "flex-start" },
});

/** Who did what. The filters stand in the address, so that others can be shown them. */
export function Audit() {
    const { t } = useTranslation();
    const styles = useStyles();
    const [wanted, want] = useSearchParams();
    const actor = wanted.get("actor") ?? "";
    const [subject, setSubject] = useState(wanted.get("subject") ?? "");
    const calmSubject = useCalm(subject.trim());
    const query = useInfiniteQuery({
        queryKey: ["audit", actor, calmSubject],
        initialPageParam: undefined as number | undefined,
        queryFn: ({ pageParam: before, signal }) =>
            data(
                api.GET("/api/v1/audit", {
                    params: { query: { before, actor: actor || undefined, subject: calmSubject || undefined } },
                    signal,
                }),
            ),
        getNextPageParam: (page) => page.next ?? undefined,
    });
    const name = useActorName();
    const deeds = query.data?.pages.flatMap((page) => page.deeds) ?? [];
    const actors = useSeen(deeds);
    const filter = (next: { actor?: string; subject?: string }) =>
        want(Object.fromEntries(Object.entries({ actor, subject, ...next }).filter(([, value]) => value)), {
            replace: true,
        });
    const everything = () => {
        setSubject("");
        want({}, { replace: true });
    };
    const seen = actors.get(actor);
    return (
        <>
            <Lead>{t("administration.audit.lead")}</Lead>
            <div className={styles.filters}>
                <Field label={t("administration.audit.actor")} className={styles.filter}>
                    <Dropdown
                        value={actor ? (seen ? name(seen) : actor) : t("administration.audit.everybody")}
                        selectedOptions={[actor]}
                        onOptionSelect={(_, { optionValue }) => filter({ actor: optionValue ?? "" })}
                    >
                        <Option value="">{t("administration.audit.everybody")}</Option>
                        {[...actors].map(([actor, deed]) => (
                            <Option key={actor} value={actor}>
                                {name(deed)}
                            </Option>
                        ))}
                    </Dropdown>
                </Field>
                <Field
                    label={t("administration.audit.subject")}
                    hint={t("administration.audit.subject_hint")}
                    className={styles.filter}
                >
                    <Input
                        type="search"
                        value={subject}
                        onChange={(_, { value }) => {
                            setSubject(value);
                            filter({ subject: value.trim() });
                        }}
                    />
                </Field>
            </div>
            <Trouble error={query.error} onRetry={() => void query.refetch()} />
            {query.isPending && <Loading />}
            {query.data && deeds.length === 0 && (
                <Empty icon={<ClipboardTaskListLtrRegular />} title={t("administration.audit.empty")}>
                    {(actor || subject) && <Button onClick={everything}>{t("administration.audit.reset")}</Button>}
                </Empty>
            )}
            {deeds.length > 0 && <Deeds deeds={done(deeds)} />}
            {query.hasNextPage && (
                <Button
                    className={styles.more}
                    disabledFocusable={query.isFetchingNextPage}
                    onClick={() => void query.fetchNextPage()}
                >
                    {t("administration.audit.older")}
                </Button>
            )}
        </>
    );
}

/** Everybody met so far, with the line that names them: a filter must not make the others vanish from its own choice. */
function useSeen(deeds: NumberedDeed[]): Map<string, NumberedDeed> {
    const [seen, setSeen] = useState(new Map<string, NumberedDeed>());
    const fresh = deeds.filter((deed) => !seen.has(deed.actor));
    if (fresh.length === 0) return seen;
    const more = new Map([...fresh.map((deed) => [deed.actor, deed] as const), ...seen]);
    setSeen(more);
    return more;
}
