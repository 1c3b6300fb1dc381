/** What has to be mended before words can be sent, each with its field. */

import { MessageBar, MessageBarBody, makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Fault } from "../../api/problem";
import { Passages } from "../../ui/Passages";
import { faultPassages } from "../../ui/slip";

const FIELDS = ["title", "body", "banner", "author", "buttons", "image"] as const;

const useStyles = makeStyles({
    list: { margin: `${tokens.spacingVerticalXS} 0 0`, paddingInlineStart: tokens.spacingHorizontalXL },
});

export function Wrong({ faults }: { faults: Fault[] }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const label = (field: string) => {
        const known = FIELDS.find((one) => new RegExp(`^${one}\\b`).test(field));
        const [, name] = /^feed\.parameters\.(.+)$/.exec(field) ?? [];
        const text = known
            ? t(`compose.field.${known}`)
            : name
              ? t("broadcast.deed.correcting.variable", { name })
              : t(
                    field === "feed.preview_text"
                        ? "compose.channel.preview_text"
                        : "broadcast.deed.correcting.something",
                );
        return text.charAt(0).toLocaleUpperCase() + text.slice(1);
    };
    return (
        <MessageBar intent="error" layout="multiline" politeness="polite">
            <MessageBarBody>
                {t("broadcast.deed.correcting.wrong")}
                <ul className={styles.list}>
                    {faults.map((fault) => (
                        <li key={`${fault.field} ${fault.problem}`}>
                            {label(fault.field)}
                            {t("common.colon")} <Passages of={faultPassages(fault, label(fault.field))} />
                        </li>
                    ))}
                </ul>
            </MessageBarBody>
        </MessageBar>
    );
}
