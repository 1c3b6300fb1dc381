/** The text: plain, with the Markdown that Teams shows, and a bar of buttons that write it. */

import { Button, Field, makeStyles, Textarea, tokens } from "@fluentui/react-components";
import {
    LinkRegular,
    TextBoldRegular,
    TextBulletListRegular,
    TextItalicRegular,
    TextNumberListLtrRegular,
} from "@fluentui/react-icons";
import { type ClipboardEvent, type KeyboardEvent, type ReactElement, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Bar } from "./Bar";
import { useDraft } from "./draft";
import { LinesHint } from "./LinesHint";
import { LinkDialog } from "./LinkDialog";
import { type Edit, emphasise, isAddress, link, list, newLine, type Selection } from "./markup";
import { useFault } from "./telling";

const useStyles = makeStyles({
    editor: {
        border: `1px solid ${tokens.colorNeutralStroke1}`,
        borderBottomColor: tokens.colorNeutralStrokeAccessible,
        borderRadius: tokens.borderRadiusMedium,
        backgroundColor: tokens.colorNeutralBackground1,
        ":focus-within": { borderBottomColor: tokens.colorCompoundBrandStroke },
    },
    divider: {
        width: "1px",
        height: "20px",
        margin: `0 ${tokens.spacingHorizontalXS}`,
        backgroundColor: tokens.colorNeutralStroke2,
    },
    text: {
        width: "100%",
        border: "none",
        backgroundColor: "transparent",
        "::after": { display: "none" },
        "& textarea": { minHeight: "14rem", maxHeight: "60vh", fieldSizing: "content" },
    },
});

/** What the keyboard does everywhere else. */
const SHORTCUTS = { b: "bold", i: "italic", k: "link" } as const;
type Command = "bold" | "italic" | "bullets" | "numbers" | "link";

const BUTTONS: [Command, ReactElement, string | undefined][] = [
    ["bold", <TextBoldRegular key="bold" />, "Control+B"],
    ["italic", <TextItalicRegular key="italic" />, "Control+I"],
    ["bullets", <TextBulletListRegular key="bullets" />, undefined],
    ["numbers", <TextNumberListLtrRegular key="numbers" />, undefined],
    ["link", <LinkRegular key="link" />, "Control+K"],
];

export function Editor() {
    const { t } = useTranslation();
    const styles = useStyles();
    const { manuscript, change } = useDraft();
    const fault = useFault("body", t("compose.body.label"));
    const area = useRef<HTMLTextAreaElement>(null);
    const [linking, setLinking] = useState<Selection>();

    const selection = (): Selection => {
        const { value = "", selectionStart = 0, selectionEnd = 0 } = area.current ?? {};
        return { text: value, start: selectionStart, end: selectionEnd };
    };
    const make = (edit: Edit) => area.current && write(area.current, edit);
    const separate = (text: string) => make({ from: 0, to: manuscript.body.length, insert: text, start: 0, end: 0 });
    const run = (command: Command) => {
        if (command === "link") setLinking(selection());
        else if (command === "bold" || command === "italic") make(emphasise(command, selection()));
        else make(list(command, selection()));
    };
    const onKeyDown = (event: KeyboardEvent) => {
        const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
        if (event.key === "Enter" && isPlain && !event.nativeEvent.isComposing) {
            const edit = newLine(selection());
            if (!edit) return;
            event.preventDefault();
            make(edit);
        } else if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
            const command = SHORTCUTS[event.key.toLowerCase() as keyof typeof SHORTCUTS];
            if (!command) return;
            event.preventDefault();
            run(command);
        }
    };
    /** An address that is pasted over words becomes their link. */
    const onPaste = (event: ClipboardEvent) => {
        const at = selection();
        const words = at.text.slice(at.start, at.end);
        const address = event.clipboardData.getData("text/plain").trim();
        if (!words.trim() || words.includes("\n") || isAddress(words) || !isAddress(address)) return;
        event.preventDefault();
        make(link(at, words, address));
    };

    return (
        <>
            <Field label={t("compose.body.label")} required hint={<LinesHint onSeparate={separate} />} {...fault.field}>
                {(props) => (
                    <div className={styles.editor}>
                        <Bar label={t("compose.body.toolbar")}>
                            {BUTTONS.map(([command, icon, keys], place) => (
                                <Formatting
                                    key={command}
                                    name={t(`compose.body.${command}`)}
                                    icon={icon}
                                    keys={keys}
                                    isFirst={place === 0}
                                    hasDivider={command === "bullets" || command === "link"}
                                    onClick={() => run(command)}
                                />
                            ))}
                        </Bar>
                        <Textarea
                            {...props}
                            ref={area}
                            className={styles.text}
                            resize="vertical"
                            size="large"
                            placeholder={t("compose.body.placeholder")}
                            value={manuscript.body}
                            onChange={(_, { value }) => change({ body: value })}
                            onBlur={fault.onBlur}
                            onKeyDown={onKeyDown}
                            onPaste={onPaste}
                        />
                    </div>
                )}
            </Field>
            {linking && (
                <LinkDialog
                    words={linking.text.slice(linking.start, linking.end)}
                    onClose={(words, address) => {
                        setLinking(undefined);
                        // The dialog gives the focus back first.
                        requestAnimationFrame(() => {
                            area.current?.focus();
                            if (address) make(link(linking, words, address));
                        });
                    }}
                />
            )}
        </>
    );
}

function Formatting(props: {
    name: string;
    icon: ReactElement;
    keys: string | undefined;
    hasDivider: boolean;
    isFirst: boolean;
    onClick: () => void;
}) {
    const { name, icon, keys, hasDivider, isFirst, onClick } = props;
    const styles = useStyles();
    const shown = keys?.replace("Control+", /mac/i.test(navigator.platform) ? "⌘" : "Ctrl+");
    return (
        <>
            {hasDivider && <span className={styles.divider} />}
            <Button
                appearance="subtle"
                size="small"
                tabIndex={isFirst ? 0 : -1}
                aria-label={name}
                aria-keyshortcuts={keys}
                title={shown ? `${name} (${shown})` : name}
                icon={icon}
                onClick={onClick}
            />
        </>
    );
}

/** Writes as if typed, so that undo takes it back. */
function write(area: HTMLTextAreaElement, { from, to, insert, start, end }: Edit) {
    area.focus();
    area.setSelectionRange(from, to);
    // Deprecated and without a successor: nothing else writes into a field in a way that can be undone.
    const isWritten = document.execCommand(insert ? "insertText" : "delete", false, insert);
    if (!isWritten) {
        area.setRangeText(insert);
        area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    area.setSelectionRange(start, end);
}
