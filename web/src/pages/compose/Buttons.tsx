/** The links below the text. */

import { Button, Field, Input, makeStyles, Text, tokens, typographyStyles } from "@fluentui/react-components";
import { AddRegular, ArrowDownRegular, ArrowUpRegular, DeleteRegular } from "@fluentui/react-icons";
import { type KeyboardEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Button as ButtonOfCard } from "../../api/types";
import { useDraft } from "./draft";
import { wholeAddress } from "./markup";
import { useFault } from "./telling";

const BUTTONS_MAX = 6;

const useStyles = makeStyles({
    group: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalM,
        // Below each other, the fields of one button stand closer than those of the next.
        "@media (max-width: 600px)": { gap: tokens.spacingVerticalXL },
        margin: 0,
        padding: 0,
        border: "none",
        minWidth: 0,
    },
    legend: { ...typographyStyles.body1, padding: 0, marginBottom: tokens.spacingVerticalS },
    hint: { color: tokens.colorNeutralForeground3, marginInlineStart: tokens.spacingHorizontalS },
    row: {
        margin: 0,
        padding: 0,
        border: "none",
        display: "grid",
        gridTemplateColumns: "minmax(0, 2fr) minmax(0, 3fr) auto",
        gap: tokens.spacingHorizontalS,
        alignItems: "start",
        "@media (max-width: 600px)": { gridTemplateColumns: "minmax(0, 1fr)" },
    },
    tools: { display: "flex", paddingTop: "26px", "@media (max-width: 600px)": { paddingTop: 0 } },
    input: { width: "100%", minWidth: 0 },
    add: { alignSelf: "flex-start" },
    said: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
});

export function Buttons() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { buttons } = useDraft().manuscript;
    const { change } = useDraft();
    const [said, say] = useState("");
    const group = useRef<HTMLFieldSetElement>(null);

    /** Where the reader was goes on: to the same field of the same button, wherever that is now. */
    const focus = (place: number, what: string) =>
        requestAnimationFrame(() =>
            group.current?.querySelector<HTMLElement>(`[data-place="${place}"] [data-what="${what}"]`)?.focus(),
        );
    const add = () => {
        change({ buttons: [...buttons, { text: "", url: "" }] });
        focus(buttons.length, "text");
    };
    const put = (place: number, button: ButtonOfCard) => change({ buttons: buttons.with(place, button) });
    const remove = (place: number) => {
        change({ buttons: buttons.toSpliced(place, 1) });
        say(t("compose.buttons.removed", { place: place + 1 }));
        if (buttons.length > 1) focus(Math.max(0, place - 1), "remove");
        else requestAnimationFrame(() => group.current?.querySelector<HTMLElement>("[data-what=add]")?.focus());
    };
    const move = (from: number, to: number, what: string) => {
        const moved = buttons[from];
        if (!moved || to < 0 || to >= buttons.length) return;
        change({ buttons: buttons.toSpliced(from, 1).toSpliced(to, 0, moved) });
        say(t("compose.buttons.moved", { place: to + 1, count: buttons.length }));
        // At either end the arrow that was pressed can do no more.
        const isEnd = (what === "up" && to === 0) || (what === "down" && to === buttons.length - 1);
        focus(to, isEnd ? (what === "up" ? "down" : "up") : what);
    };

    return (
        <fieldset ref={group} className={styles.group}>
            <legend className={styles.legend}>
                {t("compose.buttons.label")}
                <Text size={200} className={styles.hint}>
                    {t("compose.buttons.hint")}
                </Text>
            </legend>
            {buttons.map((button, place) => (
                <Row
                    // biome-ignore lint/suspicious/noArrayIndexKey: a button is known by its place alone.
                    key={place}
                    button={button}
                    place={place}
                    count={buttons.length}
                    onChange={(next) => put(place, next)}
                    onMove={(to, what) => move(place, to, what)}
                    onRemove={() => remove(place)}
                />
            ))}
            {buttons.length < BUTTONS_MAX ? (
                <Button data-what="add" className={styles.add} icon={<AddRegular />} onClick={add}>
                    {t("compose.buttons.add")}
                </Button>
            ) : (
                <Text size={200} className={styles.hint}>
                    {t("compose.buttons.full")}
                </Text>
            )}
            <span className={styles.said} role="status">
                {said}
            </span>
        </fieldset>
    );
}

type RowProps = {
    button: ButtonOfCard;
    place: number;
    count: number;
    onChange: (button: ButtonOfCard) => void;
    onMove: (to: number, what: string) => void;
    onRemove: () => void;
};

function Row({ button, place, count, onChange, onMove, onRemove }: RowProps) {
    const { t } = useTranslation();
    const styles = useStyles();
    const text = useFault(`buttons[${place}].text`, t("compose.buttons.text"));
    const url = useFault(`buttons[${place}].url`, t("compose.buttons.url"));
    const onKeyDown = (event: KeyboardEvent) => {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (!event.altKey || !step) return;
        event.preventDefault();
        onMove(place + step, (event.target as HTMLElement).dataset.what ?? "text");
    };
    const named = { place: place + 1 };
    return (
        <fieldset
            aria-label={t("compose.buttons.one", named)}
            data-place={place}
            className={styles.row}
            onKeyDown={onKeyDown}
        >
            <Field label={t("compose.buttons.text")} {...text.field}>
                <Input
                    data-what="text"
                    className={styles.input}
                    value={button.text}
                    onChange={(_, { value }) => onChange({ ...button, text: value })}
                    onBlur={text.onBlur}
                />
            </Field>
            <Field label={t("compose.buttons.url")} {...url.field}>
                <Input
                    data-what="url"
                    className={styles.input}
                    type="url"
                    placeholder={t("compose.buttons.url_placeholder")}
                    value={button.url}
                    onChange={(_, { value }) => onChange({ ...button, url: value })}
                    onBlur={() => {
                        const whole = wholeAddress(button.url);
                        if (whole !== button.url) onChange({ ...button, url: whole });
                        url.onBlur();
                    }}
                />
            </Field>
            <div className={styles.tools}>
                <Button
                    appearance="subtle"
                    data-what="up"
                    disabled={place === 0}
                    icon={<ArrowUpRegular />}
                    aria-label={t("compose.buttons.up", named)}
                    onClick={() => onMove(place - 1, "up")}
                />
                <Button
                    appearance="subtle"
                    data-what="down"
                    disabled={place === count - 1}
                    icon={<ArrowDownRegular />}
                    aria-label={t("compose.buttons.down", named)}
                    onClick={() => onMove(place + 1, "down")}
                />
                <Button
                    appearance="subtle"
                    data-what="remove"
                    icon={<DeleteRegular />}
                    aria-label={t("compose.buttons.remove", named)}
                    onClick={onRemove}
                />
            </div>
        </fieldset>
    );
}
