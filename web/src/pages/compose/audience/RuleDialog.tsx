/** Everybody of whom the directory says something: a department, a country, an office, a language, a job title. */

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
    Select,
    tokens,
} from "@fluentui/react-components";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { usePeople } from "../../../ui/format";
import { ATTRIBUTES, type Attribute, type Chip, TESTS, type Test } from "./expression";
import { useValues } from "./found";
import { RowChoice } from "./RowChoice";
import type { Row } from "./useAudience";

const useStyles = makeStyles({
    form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL },
    line: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM, "> *": { flex: "1 1 160px" } },
});

type Props = { row: Row; value: string; onClose(): void; onAdd(row: Row, chip: Chip): void };

export function RuleDialog({ row: wanted, value: typed, onClose, onAdd }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const people = usePeople();
    const [row, setRow] = useState(wanted);
    const [attribute, setAttribute] = useState<Attribute>("department");
    const [test, setTest] = useState<Test>("is");
    const [value, setValue] = useState(typed);
    const [isTold, setTold] = useState(false);
    const known = useValues(attribute);
    const listId = useId();
    const isMissing = value.trim() === "";

    const add = (event: FormEvent) => {
        event.preventDefault();
        if (isMissing) return setTold(true);
        onAdd(row, { kind: "attribute", attribute, test, value: value.trim() });
        onClose();
    };
    return (
        <Dialog open onOpenChange={(_, { open }) => !open && onClose()}>
            <DialogSurface>
                <form onSubmit={add}>
                    <DialogBody>
                        <DialogTitle>{t("audience.rule.title")}</DialogTitle>
                        <DialogContent className={styles.form}>
                            <div className={styles.line}>
                                <Field label={t("audience.rule.attribute")}>
                                    <Select
                                        value={attribute}
                                        onChange={(_, { value }) => {
                                            setAttribute(value as Attribute);
                                            if (!typed) setValue("");
                                        }}
                                    >
                                        {ATTRIBUTES.map((attribute) => (
                                            <option key={attribute} value={attribute}>
                                                {t(`audience.attribute.${attribute}`)}
                                            </option>
                                        ))}
                                    </Select>
                                </Field>
                                <Field label={t("audience.rule.test")}>
                                    <Select value={test} onChange={(_, { value }) => setTest(value as Test)}>
                                        {TESTS.map((test) => (
                                            <option key={test} value={test}>
                                                {t(`audience.rule.${test}`)}
                                            </option>
                                        ))}
                                    </Select>
                                </Field>
                            </div>
                            <Field
                                label={t("audience.rule.value")}
                                hint={
                                    attribute === "language"
                                        ? t("audience.rule.language_hint")
                                        : t("audience.rule.type_it")
                                }
                                validationMessage={isTold && isMissing ? t("audience.rule.value_missing") : undefined}
                            >
                                <Input value={value} list={listId} onChange={(_, { value }) => setValue(value)} />
                            </Field>
                            <datalist id={listId}>
                                {known.map((it) => (
                                    <option key={it.value} value={it.value} label={people(it.people)} />
                                ))}
                            </datalist>
                            <RowChoice row={row} onChange={setRow} />
                        </DialogContent>
                        <DialogActions>
                            <Button onClick={onClose}>{t("common.cancel")}</Button>
                            <Button type="submit" appearance="primary">
                                {t("audience.add")}
                            </Button>
                        </DialogActions>
                    </DialogBody>
                </form>
            </DialogSurface>
        </Dialog>
    );
}
