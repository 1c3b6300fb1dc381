import { Field, Radio, RadioGroup } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Row } from "./useAudience";

/** Whether those who are meant get it or do not. */
export function RowChoice({ row, onChange }: { row: Row; onChange(row: Row): void }) {
    const { t } = useTranslation();
    return (
        <Field label={t("audience.these_people")}>
            <RadioGroup layout="horizontal" value={row} onChange={(_, { value }) => onChange(value as Row)}>
                <Radio value="include" label={t("audience.row.include.short")} />
                <Radio value="except" label={t("audience.row.except.short")} />
            </RadioGroup>
        </Field>
    );
}
