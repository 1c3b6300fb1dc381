/** One length of time of a draft, chosen among those that are usual; another one, set by a program, is shown beside them. */

import { Field, makeStyles, Select } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { Passages } from "../../../ui/Passages";
import { faultPassages } from "../../../ui/slip";
import { useDraft } from "../draft";
import { inWords } from "./duration";

const useStyles = makeStyles({ select: { maxWidth: "260px" } });

type Props = { field: "deadline" | "expire_after" | "tolerance" | "prepare"; choices: string[]; usual?: string };

export function Duration({ field, choices, usual }: Props) {
    const { t, i18n } = useTranslation();
    const styles = useStyles();
    const { manuscript, change, faults, isReadOnly } = useDraft();
    const { schedule } = manuscript;
    const value = (field === "prepare" ? schedule?.prepare : manuscript[field]) ?? usual ?? "";
    const set = (value: string) => {
        const chosen = value === (usual ?? "") ? null : value;
        if (field !== "prepare") change({ [field]: chosen });
        else if (schedule) change({ schedule: { ...schedule, prepare: chosen } });
    };
    const all = value === "" || choices.includes(value) ? choices : [value, ...choices];
    const [fault] = faults(field === "prepare" ? "schedule.prepare" : field);
    return (
        <Field
            label={t(`send.${field}.label`)}
            hint={t(`send.${field}.hint`)}
            validationMessage={fault && <Passages of={faultPassages(fault, t(`send.${field}.label`))} />}
        >
            <Select
                className={styles.select}
                value={value}
                disabled={isReadOnly}
                onChange={(_, { value }) => set(value)}
            >
                {usual === undefined && <option value="">{t("common.never")}</option>}
                {all.map((choice) => (
                    <option key={choice} value={choice}>
                        {choice === "0s" ? t("send.prepare.not") : inWords(choice, i18n.language)}
                        {choice === usual && t("send.usual")}
                    </option>
                ))}
            </Select>
        </Field>
    );
}
