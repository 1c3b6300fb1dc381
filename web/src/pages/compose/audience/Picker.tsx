/** One row of chips, and the search that adds to it. */

import {
    Field,
    Tag,
    TagPicker,
    TagPickerControl,
    TagPickerGroup,
    TagPickerInput,
    TagPickerList,
    useId,
} from "@fluentui/react-components";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useIsLedOn } from "../ledOn";
import { ChipIcon } from "./ChipIcon";
import { type Chip, writeChip } from "./expression";
import { useChipName, useChipText } from "./names";
import { useOptions } from "./options";
import type { Row } from "./useAudience";

type Props = {
    row: Row;
    chips: Chip[];
    spare: string[];
    isReadOnly: boolean;
    onChange(chips: Chip[]): void;
    /** Several addresses were pasted. */
    onPaste(text: string): void;
    /** Somebody wants to say more of what was typed than a name. */
    onRule(value: string): void;
};

/** Pasted into a field for one name, this is a list. */
const isList = (text: string) => (text.match(/@/g)?.length ?? 0) > 1 || text.trim().includes("\n");

export function Picker({ row, chips, spare, isReadOnly, onChange, onPaste, onRule }: Props) {
    const { t } = useTranslation();
    const [typed, setTyped] = useState("");
    const [isOpen, setOpen] = useState(false);
    const text = useChipText();
    const hintId = useId("hint");
    const input = useRef<HTMLInputElement>(null);
    const isFirstToDo = useIsLedOn() && row === "include" && chips.length === 0 && !isReadOnly;
    // biome-ignore lint/correctness/useExhaustiveDependencies: once, for whoever comes to the step.
    useEffect(() => {
        if (isFirstToDo) input.current?.focus();
    }, []);
    const { options, find } = useOptions({ row, typed, chips, spare, isOpen });

    // A name that somebody typed and left looks as if it were chosen.
    const isLeft = typed.trim() !== "" && !isOpen;

    const select = (value: string) => {
        setTyped("");
        if (value === "rule") return onRule(typed.trim());
        const isChosen = chips.some((chip) => writeChip(chip) === value);
        const chip = find(value);
        if (isChosen) onChange(chips.filter((chip) => writeChip(chip) !== value));
        else if (chip) onChange([...chips, chip]);
    };
    return (
        <Field
            label={{ children: t(`audience.row.${row}.label`), size: "large" }}
            validationState={isLeft ? "warning" : "none"}
            validationMessage={isLeft ? t("audience.not_chosen", { typed: typed.trim() }) : undefined}
            hint={{ id: hintId, children: t(`audience.row.${row}.hint`) }}
        >
            <TagPicker
                inline
                selectedOptions={chips.map(writeChip)}
                onOptionSelect={(_, { value }) => select(value)}
                open={isOpen}
                onOpenChange={(_, { open }) => setOpen(open && !isReadOnly)}
                disabled={isReadOnly}
                size="large"
            >
                <TagPickerControl>
                    {chips.length > 0 && (
                        <TagPickerGroup aria-label={t(`audience.row.${row}.chosen`)}>
                            {chips.map((chip) => (
                                <ChosenTag key={writeChip(chip)} chip={chip} said={text(chip)} />
                            ))}
                        </TagPickerGroup>
                    )}
                    <TagPickerInput
                        ref={input}
                        value={typed}
                        onChange={({ target: { value } }) => {
                            setTyped(value);
                            // Dictated or pasted words come without a key being pressed.
                            if (value.trim() !== "") setOpen(!isReadOnly);
                        }}
                        onPaste={(event) => {
                            const pasted = event.clipboardData.getData("text/plain");
                            if (!isList(pasted)) return;
                            event.preventDefault();
                            onPaste(pasted);
                        }}
                        placeholder={chips.length === 0 ? t(`audience.row.${row}.placeholder`) : undefined}
                        aria-describedby={hintId}
                    />
                </TagPickerControl>
                <TagPickerList style={{ zIndex: 2 }}>{options}</TagPickerList>
            </TagPicker>
        </Field>
    );
}

function ChosenTag({ chip, said }: { chip: Chip; said: string }) {
    const { t } = useTranslation();
    const name = useChipName(chip);
    const kind = t(`audience.kind.${chip.kind}`);
    return (
        <Tag
            value={writeChip(chip)}
            shape="rounded"
            media={<ChipIcon kind={chip.kind} />}
            title={`${kind}: ${said}`}
            aria-label={`${kind}: ${name}. ${t("audience.dismiss")}`}
        >
            {name}
        </Tag>
    );
}
