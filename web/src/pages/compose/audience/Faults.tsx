/** What is wrong with what was chosen, as the server says it. */

import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { Fault } from "../../../api/problem";
import { fromServer } from "../../../ui/fromServer";

const useStyles = makeStyles({
    faults: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
    // The cure of a slip in the words points at its place, on two lines that stand below each other.
    cure: { whiteSpace: "pre-wrap", overflowX: "auto" },
    pointed: { fontFamily: tokens.fontFamilyMonospace },
});

export function Faults({ faults }: { faults: Fault[] }) {
    const styles = useStyles();
    const { i18n } = useTranslation();
    const said = (text: string) => fromServer(i18n.language, text);
    return (
        <div className={styles.faults} aria-live="polite">
            {faults.map(({ field, problem, cure }) => (
                <MessageBar key={`${field} ${problem}`} intent="error" layout="multiline">
                    <MessageBarBody>
                        <MessageBarTitle lang={said(problem).lang}>{capitalised(said(problem).text)}</MessageBarTitle>
                        <div
                            className={`${styles.cure} ${cure.includes("\n") ? styles.pointed : ""}`}
                            lang={said(cure).lang}
                        >
                            {said(cure).text}
                        </div>
                    </MessageBarBody>
                </MessageBar>
            ))}
        </div>
    );
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
