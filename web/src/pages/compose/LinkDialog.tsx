/** Asks for a link's words and address. */

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
    makeStyles,
    tokens,
} from "@fluentui/react-components";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { isAddress, wholeAddress } from "./markup";

const useStyles = makeStyles({
    fields: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalM,
        paddingBottom: tokens.spacingVerticalL,
    },
});

type Props = { words: string; onClose: (words: string, address?: string) => void };

export function LinkDialog({ words: selected, onClose }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const isSelectedAddress = isAddress(wholeAddress(selected));
    const [words, setWords] = useState(selected.replace(/\s+/g, " "));
    const [address, setAddress] = useState(isSelectedAddress ? wholeAddress(selected) : "");
    const [isAsked, setAsked] = useState(false);
    const whole = wholeAddress(address);
    const field = useRef<HTMLInputElement>(null);
    // The dialog begins with its first field; where the words are chosen already, the second is what is wanted.
    useEffect(() => {
        if (!selected.trim()) return;
        const frame = requestAnimationFrame(() => field.current?.focus());
        return () => cancelAnimationFrame(frame);
    }, [selected]);
    const submit = (event: FormEvent) => {
        event.preventDefault();
        if (isAddress(whole)) onClose(words.trim() || address.trim(), whole);
        else setAsked(true);
    };
    return (
        <Dialog open onOpenChange={() => onClose(words)}>
            <DialogSurface>
                <form onSubmit={submit} noValidate>
                    <DialogBody>
                        <DialogTitle>{t("compose.link.title")}</DialogTitle>
                        <DialogContent className={styles.fields}>
                            <Field label={t("compose.link.text")}>
                                <Input value={words} onChange={(_, { value }) => setWords(value)} />
                            </Field>
                            <Field
                                label={t("compose.link.address")}
                                required
                                {...(isAsked && !isAddress(whole)
                                    ? { validationState: "error", validationMessage: t("compose.link.wrong") }
                                    : {})}
                            >
                                <Input
                                    ref={field}
                                    type="url"
                                    placeholder="https://"
                                    value={address}
                                    onChange={(_, { value }) => setAddress(value)}
                                />
                            </Field>
                        </DialogContent>
                        <DialogActions>
                            <Button onClick={() => onClose(words)}>{t("common.cancel")}</Button>
                            <Button type="submit" appearance="primary">
                                {t("compose.link.add")}
                            </Button>
                        </DialogActions>
                    </DialogBody>
                </form>
            </DialogSurface>
        </Dialog>
    );
}
