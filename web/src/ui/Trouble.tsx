/** What went wrong, and what to do about it. */

import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { Refused, Unproven, Unreachable } from "../api/problem";
import { fromServer } from "./fromServer";
import { Passages } from "./Passages";
import { faultPassages } from "./slip";

/** Nothing when `error` is nothing. Faults of fields are told beside the fields by whoever has them; here all are told. */
export function Trouble({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
    const { t } = useTranslation();
    if (!error) return null;
    const isLost = error instanceof Unreachable;
    return (
        <MessageBar intent={isLost ? "warning" : "error"} layout="multiline" politeness="assertive">
            <MessageBarBody>
                {error instanceof Refused ? (
                    <Refusal refused={error} />
                ) : (
                    <MessageBarTitle>
                        {isLost
                            ? t("common.lost")
                            : error instanceof Unproven
                              ? t("common.unknown.title")
                              : error instanceof Error
                                ? error.message
                                : String(error)}
                    </MessageBarTitle>
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

function Refusal({ refused }: { refused: Refused }) {
    const { t, i18n } = useTranslation();
    const said = (text: string) => fromServer(i18n.language, text);
    const [before = "", after = ""] = t("common.what_next", { step: "\n" }).split("\n");
    const { nextStep, faults } = refused;
    return (
        <>
            <MessageBarTitle>
                <Passages of={refused.sentences.map(said)} />
            </MessageBarTitle>{" "}
            {nextStep && (
                <>
                    {before}
                    <Passages of={[said(nextStep)]} />
                    {after}
                </>
            )}
            {faults.length > 0 && (
                <ul>
                    {faults.map((fault) => (
                        <li key={`${fault.field} ${fault.problem}`}>
                            <Passages of={faultPassages(fault)} />
                        </li>
                    ))}
                </ul>
            )}
        </>
    );
}
