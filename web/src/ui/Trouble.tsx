/** What went wrong, and what to do about it. */

import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { Refused, Unreachable } from "../api/problem";

/** Nothing when `error` is nothing. Faults of fields are told beside the fields by whoever has them; here all are told. */
export function Trouble({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
    const { t } = useTranslation();
    if (!error) return null;
    const isLost = error instanceof Unreachable;
    const title = isLost ? t("common.lost") : error instanceof Error ? error.message : String(error);
    const step = error instanceof Refused ? error.nextStep : "";
    const faults = error instanceof Refused ? error.faults : [];
    return (
        <MessageBar intent={isLost ? "warning" : "error"} layout="multiline" politeness="assertive">
            <MessageBarBody>
                <MessageBarTitle>{title}</MessageBarTitle> {step && t("common.what_next", { step })}
                {faults.length > 0 && (
                    <ul>
                        {faults.map((fault) => (
                            <li key={`${fault.field} ${fault.problem}`}>
                                {fault.problem} {fault.cure}
                            </li>
                        ))}
                    </ul>
                )}
            </MessageBarBody>
            {onRetry && (
                <MessageBarActions>
                    <Button onClick={onRetry}>{t("common.retry")}</Button>
                </MessageBarActions>
            )}
        </MessageBar>
    );
}
