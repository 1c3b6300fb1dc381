/** What is wrong with what was chosen, as the server says it. */

import { MessageBar, MessageBarBody, MessageBarTitle, makeStyles, tokens } from "@fluentui/react-components";
import type { Fault } from "../../../api/problem";

const useStyles = makeStyles({
    faults: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalS },
    // The cure of a slip in the words points at its place, on two lines that stand below each other.
    cure: { whiteSpace: "pre-wrap", overflowX: "auto" },
    pointed: { fontFamily: tokens.fontFamilyMonospace },
});

export function Faults({ faults }: { faults: Fault[] }) {
    const styles = useStyles();
    return (
        <div className={styles.faults} aria-live="polite">
            {faults.map(({ field, problem, cure }) => (
                <MessageBar key={`${field} ${problem}`} intent="error" layout="multiline">
                    <MessageBarBody>
                        <MessageBarTitle>{capitalised(problem)}</MessageBarTitle>
                        <div className={`${styles.cure} ${cure.includes("\n") ? styles.pointed : ""}`}>{cure}</div>
                    </MessageBarBody>
                </MessageBar>
            ))}
        </div>
    );
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
