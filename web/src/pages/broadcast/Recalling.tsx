/** Before a broadcast is taken back: how, whom that reaches, and what cannot be undone. */

import {
    Checkbox,
    Field,
    MessageBar,
    MessageBarBody,
    Radio,
    RadioGroup,
    Text,
    Textarea,
} from "@fluentui/react-components";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../api/client";
import type { BroadcastDocument, BroadcastReport } from "../../api/types";
import { useCalm } from "../../ui/clockwork";
import { Ask } from "./Ask";
import { useRenewal, useTelling } from "./deeds";
import { Reaches, useReached } from "./Reaches";

const WORDS_MAX = 500;

type Props = { document: BroadcastDocument; report: BroadcastReport; close: () => void };

export function Recalling({ document, report, close }: Props) {
    const { t } = useTranslation();
    const tell = useTelling();
    const reached = useReached();
    const renew = useRenewal(document.id);
    const [key, setKey] = useState(intention);
    const [how, setHow] = useState<"delete" | "say">("delete");
    const [words, setWords] = useState("");
    const [isSure, setSure] = useState(false);
    // There, nothing can be deleted: the choice is between our words and others.
    const isOfFeed = report.channels === "feed";
    const say = how === "say" ? words.trim() : undefined;
    const calm = useCalm(say);
    const isComplete = how === "delete" || (say !== "" && say !== undefined);
    const ask = (dry: boolean, say: string | undefined) =>
        data(
            api.POST("/api/v1/broadcasts/{id}/recall", {
                params: {
                    path: { id: document.id },
                    query: { dry },
                    ...(!dry && { header: { "Idempotency-Key": key } }),
                },
                body: { say: say ?? null, deadline: null },
            }),
        );
    const dry = useQuery({
        // Not among what is read anew afterwards: then it would be refused.
        queryKey: ["recall", document.id, calm ?? null],
        gcTime: 0,
        placeholderData: keepPreviousData,
        enabled: calm !== "",
        queryFn: () => ask(true, calm),
    });
    const recall = useMutation({
        mutationFn: () => ask(false, say),
        onSuccess: (told) => {
            tell(t("broadcast.deed.done.recall", { what: reached(told) }));
            renew();
            close();
        },
    });
    const changed = () => {
        setSure(false);
        setKey(intention());
    };
    return (
        <Ask
            title={t("broadcast.deed.recalling.title")}
            yes={t("broadcast.deed.recalling.yes")}
            isReady={isSure && isComplete && !dry.error}
            isPending={recall.isPending}
            error={recall.error}
            act={() => recall.mutate()}
            close={close}
        >
            <Field label={t("broadcast.deed.recalling.how")}>
                <RadioGroup
                    value={how}
                    onChange={(_, { value }) => {
                        setHow(value === "say" ? "say" : "delete");
                        changed();
                    }}
                >
                    <Radio value="delete" label={<Choice of={isOfFeed ? "withdraw" : "delete"} />} />
                    <Radio value="say" label={<Choice of={isOfFeed ? "say_in_feed" : "say"} />} />
                </RadioGroup>
            </Field>
            {how === "say" && (
                <Field label={t("broadcast.deed.recalling.words")} required>
                    <Textarea
                        value={words}
                        maxLength={WORDS_MAX}
                        placeholder={t("broadcast.deed.recalling.words_example")}
                        rows={3}
                        onChange={(_, { value }) => {
                            setWords(value);
                            changed();
                        }}
                    />
                </Field>
            )}
            {isComplete && (
                <Reaches told={dry.data} error={dry.error} kind="recalling" again={() => void dry.refetch()} />
            )}
            <MessageBar intent="warning" layout="multiline">
                <MessageBarBody>
                    {t("broadcast.deed.recalling.undone")}
                    {report.channels === "both" && how === "delete" && <> {t("broadcast.deed.recalling.feed")}</>}
                </MessageBarBody>
            </MessageBar>
            <Checkbox
                checked={isSure}
                onChange={(_, { checked }) => setSure(checked === true)}
                label={t("broadcast.deed.recalling.sure")}
            />
        </Ask>
    );
}

function Choice({ of }: { of: "delete" | "say" | "withdraw" | "say_in_feed" }) {
    const { t } = useTranslation();
    return (
        <>
            {t(`broadcast.deed.recalling.${of}`)}
            <br />
            <Text size={200}>{t(`broadcast.deed.recalling.${of}_hint`)}</Text>
        </>
    );
}
