/** A list of people, pasted or from a file: what of it is understood, before it is used. */

import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    Field,
    Input,
    MessageBar,
    MessageBarBody,
    MessageBarTitle,
    makeStyles,
    mergeClasses,
    Textarea,
    tokens,
} from "@fluentui/react-components";
import { DocumentArrowUpRegular } from "@fluentui/react-icons";
import { type DragEvent, type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Refused } from "../../../api/problem";
import { usePeople } from "../../../ui/format";
import { Trouble } from "../../../ui/Trouble";
import { useSettled } from "../validation";
import { decode } from "./decode";
import { ListFindings } from "./ListFindings";
import { RowChoice } from "./RowChoice";
import type { Row } from "./useAudience";
import { useListRead } from "./useListRead";

const useStyles = makeStyles({
    surface: { maxWidth: "680px" },
    form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL },
    drop: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "center",
        gap: tokens.spacingHorizontalM,
        padding: tokens.spacingHorizontalM,
        borderRadius: tokens.borderRadiusMedium,
        border: `1px dashed ${tokens.colorNeutralStroke1}`,
        color: tokens.colorNeutralForeground2,
    },
    over: { backgroundColor: tokens.colorBrandBackground2, border: `1px dashed ${tokens.colorBrandStroke1}` },
    text: { "> textarea": { minHeight: "120px", fontFamily: tokens.fontFamilyMonospace } },
});

type Source = { kind: "typed" } | { kind: "file"; name: string; bytes: Uint8Array<ArrayBuffer> };
type Props = { row: Row; pasted: string; onClose(): void; onAdd(row: Row, name: string, text: string): void };

export function ListDialog({ row: wanted, pasted, onClose, onAdd }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const [row, setRow] = useState(wanted);
    const [typed, setTyped] = useState(pasted);
    const [source, setSource] = useState<Source>({ kind: "typed" });
    const [name, setName] = useState("");
    const [isOver, setOver] = useState(false);
    const file = useRef<HTMLInputElement>(null);
    const settled = useSettled(typed, 400);
    const read = useListRead(source.kind === "file" ? source.bytes : settled);
    // Excel's own files, pictures and the like.
    const isUnread = read.error instanceof Refused && read.error.faults.some(({ slip }) => slip?.code === "not_text");
    const inWords = usePeople();
    const people = read.data?.people ?? 0;
    const isCurrent = source.kind === "file" || settled === typed;

    const take = async (taken: File | undefined) => {
        if (!taken) return;
        setSource({ kind: "file", name: taken.name, bytes: new Uint8Array(await taken.arrayBuffer()) });
        setName((name) => name || taken.name.replace(/\.\w+$/, ""));
    };
    const drop = (event: DragEvent) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer.files[0]);
    };
    const add = (event: FormEvent) => {
        event.preventDefault();
        if (!read.data || people === 0 || !isCurrent) return;
        const text = source.kind === "file" ? decode(source.bytes, read.data.understood.encoding) : typed;
        onAdd(row, name.trim() || t("audience.list.name_default"), text);
        onClose();
    };
    return (
        <Dialog
            open
            onOpenChange={(_, { open, type }) => {
                // A click beside it must not throw away what was typed.
                if (!open && type !== "backdropClick") onClose();
            }}
        >
            <DialogSurface className={styles.surface}>
                <form onSubmit={add}>
                    <DialogBody>
                        <DialogTitle>{t("audience.list.title")}</DialogTitle>
                        <DialogContent className={styles.form}>
                            {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is beside the button, which does the same. */}
                            <div
                                className={mergeClasses(styles.drop, isOver && styles.over)}
                                onDragOver={(event) => {
                                    event.preventDefault();
                                    setOver(true);
                                }}
                                onDragLeave={() => setOver(false)}
                                onDrop={drop}
                            >
                                <Button icon={<DocumentArrowUpRegular />} onClick={() => file.current?.click()}>
                                    {t("audience.list.choose_file")}
                                </Button>
                                <span>{t("audience.list.drop")}</span>
                                <input
                                    ref={file}
                                    type="file"
                                    hidden
                                    accept=".csv,.txt,.tsv,text/plain,text/csv"
                                    onChange={(event) => {
                                        void take(event.target.files?.[0]);
                                        event.target.value = "";
                                    }}
                                />
                            </div>
                            {source.kind === "file" ? (
                                <div>
                                    {t("audience.list.of_file", { name: source.name })}{" "}
                                    <Button size="small" onClick={() => setSource({ kind: "typed" })}>
                                        {t("audience.list.not_this_file")}
                                    </Button>
                                </div>
                            ) : (
                                <Field label={t("audience.list.paste")} hint={t("audience.list.paste_hint")}>
                                    <Textarea
                                        className={styles.text}
                                        resize="vertical"
                                        spellCheck={false}
                                        value={typed}
                                        onChange={(_, { value }) => setTyped(value)}
                                    />
                                </Field>
                            )}
                            <div aria-live="polite">
                                {read.isFetching && t("audience.list.reading")}
                                {read.data && !read.isFetching && <ListFindings read={read.data} />}
                            </div>
                            {isUnread ? (
                                <MessageBar intent="error" layout="multiline" politeness="assertive">
                                    <MessageBarBody>
                                        <MessageBarTitle>
                                            {source.kind === "file"
                                                ? t("audience.list.unread", { name: source.name })
                                                : t("audience.list.unread_paste")}
                                        </MessageBarTitle>{" "}
                                        {t("audience.list.unread_cure")}
                                    </MessageBarBody>
                                </MessageBar>
                            ) : (
                                <Trouble error={read.error} onRetry={() => void read.refetch()} />
                            )}
                            <Field label={t("audience.list.name")} hint={t("audience.list.name_hint")}>
                                <Input
                                    value={name}
                                    maxLength={90}
                                    placeholder={t("audience.list.name_default")}
                                    onChange={(_, { value }) => setName(value)}
                                />
                            </Field>
                            <RowChoice row={row} onChange={setRow} />
                        </DialogContent>
                        <DialogActions>
                            <Button onClick={onClose}>{t("common.cancel")}</Button>
                            <Button type="submit" appearance="primary" disabled={people === 0 || !isCurrent}>
                                {people > 0
                                    ? t("audience.list.use", { count: people, people: inWords(people) })
                                    : t("audience.list.use_none")}
                            </Button>
                        </DialogActions>
                    </DialogBody>
                </form>
            </DialogSurface>
        </Dialog>
    );
}
