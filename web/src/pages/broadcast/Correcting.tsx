/** Other words in the place of those that were sent. */

import { Checkbox, makeStyles, Text, tokens } from "@fluentui/react-components";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../api/client";
import { Refused } from "../../api/problem";
import type { BroadcastDocument, Channels, Correction, SaidDocument } from "../../api/types";
import { useCalm } from "../../ui/clockwork";
import { type Draft, InHand } from "../compose/draft";
import { Preview } from "../compose/Preview";
import { TellingProvider } from "../compose/telling";
import { faultsOf } from "../compose/validation";
import { Ask } from "./Ask";
import { CorrectionFields } from "./CorrectionFields";
import { correction, kept, manuscriptOf, partsOf, type Words, wordsOf } from "./correction";
import { useRenewal, useTelling } from "./deeds";
import { Reaches, useReached } from "./Reaches";
import { Wrong } from "./Wrong";

const useStyles = makeStyles({
    columns: {
        display: "grid",
        gridTemplateColumns: "minmax(0, 1fr) minmax(0, 1fr)",
        gap: tokens.spacingHorizontalXXL,
        alignItems: "start",
        "@media (max-width: 900px)": { gridTemplateColumns: "minmax(0, 1fr)" },
    },
    preview: { "@media (min-width: 901px)": { position: "sticky", top: 0 } },
});

type Props = { document: BroadcastDocument; channels: Channels; said: SaidDocument; close: () => void };

export function Correcting({ document, channels, said, close }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const tell = useTelling();
    const reached = useReached();
    const renew = useRenewal(document.id);
    const [key, setKey] = useState(intention);
    const [words, setWords] = useState<Words>(() => ({ ...wordsOf(said), ...kept.read(document.id) }));
    const manuscript = useMemo(() => manuscriptOf(said, channels, words), [said, channels, words]);
    const [isSure, setSure] = useState(false);
    const wanted = correction(said, words);
    const calm = useCalm(JSON.stringify(wanted));
    const ask = (dry: boolean, body: Partial<Correction>) =>
        data(
            api.POST("/api/v1/broadcasts/{id}/correct", {
                params: {
                    path: { id: document.id },
                    query: { dry },
                    ...(!dry && { header: { "Idempotency-Key": key } }),
                },
                // What is left out stays as it was.
                body: body as Correction,
            }),
        );
    const dry = useQuery({
        // Not among what is read anew afterwards: then it would be refused.
        queryKey: ["correct", document.id, calm ?? null],
        gcTime: 0,
        placeholderData: keepPreviousData,
        enabled: calm !== undefined,
        queryFn: () => ask(true, JSON.parse(calm ?? "{}")),
    });
    const correct = useMutation({
        mutationFn: () => ask(false, wanted ?? {}),
        onSuccess: (told) => {
            tell(t("broadcast.deed.done.correct", { what: reached(told) }));
            kept.write(document.id, undefined);
            renew();
            close();
        },
    });
    const change = (patch: Partial<Words>) => {
        const next = { ...words, ...patch };
        setWords(next);
        kept.write(document.id, correction(said, next) && next);
        setSure(false);
        setKey(intention());
    };
    const faults = wanted && dry.error instanceof Refused ? dry.error.faults : [];
    const inHand: Draft = {
        document,
        manuscript,
        change: (patch) => change(partsOf(patch)),
        saving: "saved",
        settled: () => Promise.reject(new Error("a correction is not saved, but sent")),
        validation: undefined,
        faults: (field) => faultsOf(faults, field),
        isReadOnly: false,
    };
    return (
        <InHand value={inHand}>
            <TellingProvider>
                <Ask
                    isWide
                    title={t("broadcast.deed.correcting.title")}
                    yes={t("broadcast.deed.correcting.yes")}
                    isReady={isSure && wanted !== undefined && !dry.error}
                    isPending={correct.isPending}
                    error={correct.error}
                    act={() => correct.mutate()}
                    close={close}
                >
                    <Text>{t(`broadcast.deed.correcting.intro.${channels}`)}</Text>
                    <div className={styles.columns}>
                        <CorrectionFields channels={channels} said={said} />
                        <div className={styles.preview}>
                            <Preview manuscript={manuscript} />
                        </div>
                    </div>
                    {!wanted ? (
                        <Text>{t("broadcast.deed.correcting.unchanged")}</Text>
                    ) : faults.length > 0 ? (
                        <Wrong faults={faults} />
                    ) : (
                        <Reaches told={dry.data} error={dry.error} kind="correcting" again={() => void dry.refetch()} />
                    )}
                    <Checkbox
                        checked={isSure}
                        disabled={!wanted}
                        onChange={(_, { checked }) => setSure(checked === true)}
                        label={t("broadcast.deed.correcting.sure")}
                    />
                </Ask>
            </TellingProvider>
        </InHand>
    );
}
