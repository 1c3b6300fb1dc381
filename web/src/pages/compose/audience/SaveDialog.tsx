/** Keeps an audience under a name, for next time. */

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
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data, intention } from "../../../api/client";
import { keys } from "../../../api/queries";
import { Trouble } from "../../../ui/Trouble";
import { saved } from "./found";

type Props = { expression: string; onClose(): void; onSaved(name: string): void };

export function SaveDialog({ expression, onClose, onSaved }: Props) {
    const { t } = useTranslation();
    const cache = useQueryClient();
    const [name, setName] = useState("");
    const [isTold, setTold] = useState(false);
    const [key, setKey] = useState(intention);
    const { data: audiences = [] } = useQuery(saved);
    const taken = audiences.find((it) => it.name.toLowerCase() === name.trim().toLowerCase());
    const { mutate, isPending, error } = useMutation({
        mutationFn: (name: string) =>
            data(
                api.PUT("/api/v1/audiences/{name}", {
                    params: { path: { name }, header: { "Idempotency-Key": key } },
                    body: { expression },
                }),
            ),
        onSuccess: (_, name) => {
            void cache.invalidateQueries({ queryKey: keys.audiences() });
            onSaved(name);
        },
    });
    const save = (event: FormEvent) => {
        event.preventDefault();
        if (name.trim() === "") return setTold(true);
        mutate(name.trim());
    };
    return (
        <Dialog open onOpenChange={(_, { open }) => !open && onClose()}>
            <DialogSurface>
                <form onSubmit={save}>
                    <DialogBody>
                        <DialogTitle>{t("audience.save.title")}</DialogTitle>
                        <DialogContent>
                            <p>{t("audience.save.text")}</p>
                            <Field
                                label={t("audience.save.name")}
                                validationState={taken ? "warning" : undefined}
                                validationMessage={
                                    taken
                                        ? t("audience.save.taken", { name: taken.name })
                                        : isTold && name.trim() === ""
                                          ? t("audience.save.missing")
                                          : undefined
                                }
                            >
                                <Input
                                    value={name}
                                    maxLength={100}
                                    onChange={(_, { value }) => {
                                        setName(value);
                                        // Under another name it is another thing to do.
                                        setKey(intention());
                                    }}
                                />
                            </Field>
                            <Trouble error={error} />
                        </DialogContent>
                        <DialogActions>
                            <Button onClick={onClose}>{t("common.cancel")}</Button>
                            <Button type="submit" appearance="primary" disabledFocusable={isPending}>
                                {taken ? t("audience.save.replace") : t("common.save")}
                            </Button>
                        </DialogActions>
                    </DialogBody>
                </form>
            </DialogSurface>
        </Dialog>
    );
}
