/** When what is wrong with a field is told: not before somebody has been there, or wants to go on to sending. */

import { makeStyles } from "@fluentui/react-components";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import type { Fault } from "../../api/problem";
import type { Passage } from "../../ui/fromServer";
import { Passages } from "../../ui/Passages";
import { faultPassages, isFaultAtOnce } from "../../ui/slip";
import { useDraft } from "./draft";

type Telling = {
    isTold: (field: string) => boolean;
    isToldAll: boolean;
    touch: (field: string) => void;
    tellAll: () => void;
};

/**
 * How long after somebody has left a field, in milliseconds. A line that appears while a button is being pressed moves it away
 * from under the pointer, and what was typed last has been judged by then.
 */
const PATIENCE = 700;

const Told = createContext<Telling | undefined>(undefined);

export function TellingProvider({ children }: { children: ReactNode }) {
    const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
    const [isAll, setAll] = useState(false);
    const touch = useCallback(
        (field: string) => setTouched((seen) => (seen.has(field) ? seen : new Set([...seen, field]))),
        [],
    );
    const tellAll = useCallback(() => setAll(true), []);
    const telling = useMemo(
        () => ({
            isTold: (field: string) => isAll || touched.has(field),
            isToldAll: isAll,
            touch,
            tellAll,
        }),
        [isAll, touched, touch, tellAll],
    );
    return <Told value={telling}>{children}</Told>;
}

export function useTelling(): Telling {
    const telling = useContext(Told);
    if (!telling) throw new Error("nobody tells what is wrong");
    return telling;
}

/**
 * What a `Field` shows of the faults of `field`, and what its control does when it is left. `found`: what somebody else found
 * wrong with it.
 */
export function useFault(field: string, label: string, found: Fault[] = []) {
    const { faults } = useDraft();
    const { isTold, touch } = useTelling();
    const told = [...faults(field), ...found].filter((fault) => isTold(field) || isFaultAtOnce(fault));
    // Two looks may find the same, and two slips on one line be told alike.
    const lines = [
        ...new Map(told.map((fault) => faultPassages(fault, label)).map((line) => [textOf(line), line])).values(),
    ];
    return {
        field:
            lines.length > 0 ? { validationState: "error" as const, validationMessage: <Lines lines={lines} /> } : {},
        onBlur: () => void setTimeout(() => touch(field), PATIENCE),
    };
}

// The first stands beside the sign that something is wrong.
const useStyles = makeStyles({ line: { ":not(:first-child)": { display: "block" } } });

const textOf = (passages: Passage[]) => passages.map(({ text }) => text).join(" ");

function Lines({ lines }: { lines: Passage[][] }) {
    const styles = useStyles();
    return (
        <span>
            {lines.map((line) => (
                <span key={textOf(line)} className={styles.line}>
                    <Passages of={line} />
                </span>
            ))}
        </span>
    );
}
