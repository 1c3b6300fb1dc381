/** Other words in the place of those that were sent. */

import { Button, Checkbox, Field, Input, makeStyles, Text, Textarea, tokens } from "@fluentui/react-components";
import { AddRegular, DeleteRegular } from "@fluentui/react-icons";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { type ReactElement, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../api/client";
import { Refused } from "../../api/problem";
import type { BroadcastDocument, Content, Correction, Manuscript } from "../../api/types";
import { useCalm } from "../../ui/clockwork";
import { format } from "../../ui/format";
import { Passages } from "../../ui/Passages";
import { faultPassages } from "../compose/faults";
import { Preview } from "../compose/Preview";
import { faultsOf } from "../compose/validation";
import { Ask } from "./Ask";
import { contentOf, correction, type Fields, fieldsOf, kept } from "./correction";
import { asManuscript, useRenewal, useTelling } from "./deeds";
import { Reaches, reached } from "./Reaches";

const BUTTONS_MAX = 6;

const useStyles = makeStyles({
    columns: {
        display: "grid",
        gridTemplateColumns: "minmax(0, 1fr) minmax(0, 1fr)",
        gap: tokens.spacingHorizontalXXL,
        "@media (max-width: 800px)": { gridTemplateColumns: "minmax(0, 1fr)" },
    },
    fields: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
    button: { display: "flex", gap: tokens.spacingHorizontalS, marginBottom: tokens.spacingVerticalS },
    grow: { flexGrow: 1, minWidth: 0 },
    group: { border: 0, margin: 0, padding: 0 },
});

type Props = { document: BroadcastDocument; content: Content; close: () => void };

/** `content` is what was said. */
export function Correcting({ document, content: old, close }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const tell = useTelling();
    const renew = useRenewal(document.id);
    const [key, setKey] = useState(intention);
    const [fields, setFields] = useState(() => kept.read(document.id) ?? fieldsOf(old));
    const shown = useMemo(
        () => ({ ...asManuscript(contentOf(old, fields)), channel: "chat" }) as Manuscript,
        [old, fields],
    );
    const [isSure, setSure] = useState(false);
    const wanted = correction(old, fields);
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
            const count = reached(told);
            tell(t("broadcast.deed.done.correct", { count, formatted: format.number(count) }));
            kept.write(document.id, undefined);
            renew();
            close();
        },
    });
    const change = (patch: Partial<Fields>) => {
        const next = { ...fields, ...patch };
        setFields(next);
        kept.write(document.id, next);
        setSure(false);
        setKey(intention());
    };
    const faults = dry.error instanceof Refused ? dry.error.faults : [];
    const fault = (field: "title" | "body" | "banner" | "author" | "buttons") => {
        const [found] = faultsOf(faults, field);
        const label = t(`compose.field.${field}`);
        const named = label.charAt(0).toLocaleUpperCase() + label.slice(1);
        return found && <Passages of={faultPassages(t, found, named)} />;
    };
    return (
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
            <Text>{t("broadcast.deed.correcting.intro")}</Text>
            <div className={styles.columns}>
                <div className={styles.fields}>
                    <Field label={t("broadcast.deed.correcting.field.title")} validationMessage={fault("title")}>
                        <Input
                            value={fields.title}
                            maxLength={200}
                            onChange={(_, { value }) => change({ title: value })}
                        />
                    </Field>
                    <Field
                        label={t("broadcast.deed.correcting.field.body")}
                        hint={t("broadcast.deed.correcting.field.body_hint")}
                        validationMessage={fault("body")}
                    >
                        <Textarea
                            value={fields.body}
                            rows={9}
                            resize="vertical"
                            onChange={(_, { value }) => change({ body: value })}
                        />
                    </Field>
                    <Field label={t("broadcast.deed.correcting.field.banner")} validationMessage={fault("banner")}>
                        <Input
                            value={fields.banner}
                            maxLength={150}
                            onChange={(_, { value }) => change({ banner: value })}
                        />
                    </Field>
                    <Field label={t("broadcast.deed.correcting.field.author")} validationMessage={fault("author")}>
                        <Input value={fields.author} onChange={(_, { value }) => change({ author: value })} />
                    </Field>
                    <Buttons fields={fields} change={change} fault={fault("buttons")} />
                </div>
                <section aria-label={t("broadcast.deed.correcting.preview")}>
                    <Preview manuscript={shown} />
                </section>
            </div>
            {wanted ? (
                <Reaches told={dry.data} error={dry.error} kind="correcting" again={() => void dry.refetch()} />
            ) : (
                <Text>{t("broadcast.deed.correcting.unchanged")}</Text>
            )}
            <Checkbox
                checked={isSure}
                disabled={!wanted}
                onChange={(_, { checked }) => setSure(checked === true)}
                label={t("broadcast.deed.correcting.sure")}
            />
        </Ask>
    );
}

type ButtonsProps = { fields: Fields; change: (patch: Partial<Fields>) => void; fault: ReactElement | undefined };

function Buttons({ fields: { buttons }, change, fault }: ButtonsProps) {
    const { t } = useTranslation();
    const styles = useStyles();
    const put = (index: number, patch: { text?: string; url?: string }) =>
        change({ buttons: buttons.map((button, at) => (at === index ? { ...button, ...patch } : button)) });
    return (
        <Field label={t("broadcast.deed.correcting.buttons")} validationMessage={fault}>
            <fieldset className={styles.group} aria-label={t("broadcast.deed.correcting.buttons")}>
                {buttons.map((button, index) => {
                    const number = index + 1;
                    return (
                        // biome-ignore lint/suspicious/noArrayIndexKey: a button is known by its place only.
                        <div key={index} className={styles.button}>
                            <Input
                                className={styles.grow}
                                value={button.text}
                                aria-label={t("broadcast.deed.correcting.button_text", { number })}
                                onChange={(_, { value }) => put(index, { text: value })}
                            />
                            <Input
                                className={styles.grow}
                                type="url"
                                value={button.url}
                                aria-label={t("broadcast.deed.correcting.button_url", { number })}
                                onChange={(_, { value }) => put(index, { url: value })}
                            />
                            <Button
                                appearance="subtle"
                                icon={<DeleteRegular />}
                                aria-label={t("broadcast.deed.correcting.button_remove", { number })}
                                onClick={() => change({ buttons: buttons.filter((_, at) => at !== index) })}
                            />
                        </div>
                    );
                })}
                {buttons.length < BUTTONS_MAX && (
                    <Button
                        size="small"
                        icon={<AddRegular />}
                        onClick={() => change({ buttons: [...buttons, { text: "", url: "https://" }] })}
                    >
                        {t("broadcast.deed.correcting.button_add")}
                    </Button>
                )}
            </fieldset>
        </Field>
    );
}
