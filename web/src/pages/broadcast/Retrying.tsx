/** Before people are tried again: how many, what helps first, and what the doubt risks. */

import { Checkbox, Field, MessageBar, MessageBarBody, Spinner, Text } from "@fluentui/react-components";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, data, intention } from "../../api/client";
import { Refused } from "../../api/problem";
import type { BroadcastDocument, Reason, ReasonCount, Summary } from "../../api/types";
import { format } from "../../ui/format";
import { useReason } from "../../ui/reason";
import { Trouble } from "../../ui/Trouble";
import { Ask } from "./Ask";
import { useRenewal, useTelling } from "./deeds";

type Props = { document: BroadcastDocument; report: Summary; reason?: ReasonCount | undefined; close: () => void };

export function Retrying({ document, report, reason, close }: Props) {
    const { t } = useTranslation();
    const inWords = useReason();
    const tell = useTelling();
    const renew = useRenewal(document.id);
    const navigate = useNavigate();
    const [key, setKey] = useState(intention);
    const [withDoubted, setWithDoubted] = useState(false);
    const doubted = report.progress.unconfirmed;
    // A reason of those in doubt names nobody who failed: without the doubted there is nobody.
    const isOfDoubted = reason?.settlement === "unconfirmed";
    const canDoubt = doubted > 0 && (!reason || isOfDoubted);
    // Whoever is in doubt is taken up only when somebody says so; without them there may be nobody to ask about.
    const isSomebody = (canDoubt && withDoubted) || (!isOfDoubted && report.progress.failed > 0);
    const body = {
        reasons: reason ? [reason.code as Reason] : [],
        unconfirmed: canDoubt && withDoubted,
        deadline: null,
    };
    const ask = (dry: boolean) =>
        data(
            api.POST("/api/v1/broadcasts/{id}/retry", {
                params: {
                    path: { id: document.id },
                    query: { dry },
                    ...(!dry && { header: { "Idempotency-Key": key } }),
                },
                body,
            }),
        );
    const counted = useQuery({
        // Not among what is read anew afterwards: then it would be refused.
        queryKey: ["retry", document.id, body],
        gcTime: 0,
        placeholderData: keepPreviousData,
        staleTime: 0,
        enabled: isSomebody,
        queryFn: async () => {
            try {
                return (await ask(true)).people;
            } catch (error) {
                if (error instanceof Refused && error.code === "nobody_to_reach") return 0;
                throw error;
            }
        },
    });
    const retry = useMutation({
        mutationFn: () => ask(false),
        onSuccess: ({ people }) => {
            tell(t("broadcast.deed.done.retry", { count: people, formatted: format.number(people) }));
            renew();
            close();
            // How it goes on is seen there.
            void navigate(`/broadcasts/${document.id}`);
        },
    });
    const people = !isSomebody ? 0 : counted.isPlaceholderData ? undefined : counted.data;
    const remedies = (reason ? [reason] : report.by_reason.filter(({ settlement }) => settlement === "failed"))
        .map((one) => inWords(one.code, one).remedy)
        .filter(Boolean);
    return (
        <Ask
            title={t(reason ? "broadcast.deed.retrying.title_reason" : "broadcast.deed.retrying.title")}
            yes={t("broadcast.deed.retrying.yes")}
            isReady={people !== undefined && people > 0}
            isPending={retry.isPending}
            error={retry.error}
            act={() => retry.mutate()}
            close={close}
        >
            <div role="status">
                {people === undefined && !counted.error ? (
                    <Spinner size="tiny" labelPosition="after" label={t("broadcast.deed.retrying.counting")} />
                ) : people ? (
                    <Text weight="semibold">
                        {t("broadcast.deed.retrying.who", { count: people, formatted: format.number(people) })}
                    </Text>
                ) : (
                    people === 0 && (
                        <Text>
                            {t(canDoubt ? "broadcast.deed.retrying.only_doubted" : "broadcast.deed.retrying.nobody")}
                        </Text>
                    )
                )}
            </div>
            <Trouble error={counted.error} onRetry={() => void counted.refetch()} />
            {remedies.length > 0 && !isOfDoubted && (
                <div>
                    <Text>{t("broadcast.deed.retrying.remedy")}</Text>
                    <ul>
                        {[...new Set(remedies)].map((remedy) => (
                            <li key={remedy}>{remedy}</li>
                        ))}
                    </ul>
                </div>
            )}
            {canDoubt && (
                <Field
                    hint={
                        <>
                            {t("broadcast.deed.retrying.doubted_risk")}
                            {reason && reason.count < doubted && <> {t("broadcast.deed.retrying.doubted_all")}</>}
                        </>
                    }
                >
                    <Checkbox
                        checked={withDoubted}
                        onChange={(_, { checked }) => {
                            setWithDoubted(checked === true);
                            // Another decision, with a name of its own.
                            setKey(intention());
                        }}
                        label={t(
                            isOfDoubted ? "broadcast.deed.retrying.doubted_only" : "broadcast.deed.retrying.doubted",
                            {
                                count: doubted,
                                formatted: format.number(doubted),
                            },
                        )}
                    />
                </Field>
            )}
            {report.rounds.some(({ kind }) => kind === "correct") && (
                <MessageBar intent="info" layout="multiline">
                    <MessageBarBody>{t("broadcast.deed.retrying.words")}</MessageBarBody>
                </MessageBar>
            )}
        </Ask>
    );
}
