/** What is wrong with what was chosen. */

import {
    MessageBar,
    MessageBarBody,
    MessageBarTitle,
    makeStyles,
    mergeClasses,
    tokens,
} from "@fluentui/react-components";
import type { Fault } from "../../../api/problem";
import { faultPassages } from "../../../ui/slip";

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
            {faults.map((fault) => {
                const [problem, cure] = faultPassages(fault);
                return (
                    <MessageBar key={`${fault.field} ${fault.problem}`} intent="error" layout="multiline">
                        <MessageBarBody>
                            <MessageBarTitle lang={problem?.lang}>{problem?.text}</MessageBarTitle>
                            {cure && (
                                <div
                                    className={mergeClasses(styles.cure, cure.text.includes("\n") && styles.pointed)}
                                    lang={cure.lang}
                                >
                                    {cure.text}
                                </div>
                            )}
                        </MessageBarBody>
                    </MessageBar>
                );
            })}
        </div>
    );
}
