/** A bar of buttons that is one stop for the keyboard: arrows go from one to the next. */

import { makeStyles, tokens } from "@fluentui/react-components";
import { type KeyboardEvent, type ReactNode, useRef } from "react";

const useStyles = makeStyles({
    bar: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "center",
        gap: tokens.spacingHorizontalXXS,
        padding: tokens.spacingHorizontalXXS,
        borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    },
});

/** The first of the buttons among `children` begins with `tabIndex` 0, the others with -1. */
export function Bar({ label, children }: { label: string; children: ReactNode }) {
    const styles = useStyles();
    const bar = useRef<HTMLDivElement>(null);
    const go = (event: KeyboardEvent) => {
        const buttons = [...(bar.current?.querySelectorAll("button") ?? [])];
        const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
        const last = buttons.length - 1;
        const to = { ArrowRight: at < last ? at + 1 : 0, ArrowLeft: at > 0 ? at - 1 : last, Home: 0, End: last }[
            event.key
        ];
        if (to === undefined) return;
        event.preventDefault();
        for (const [place, button] of buttons.entries()) button.tabIndex = place === to ? 0 : -1;
        buttons[to]?.focus();
    };
    return (
        <div ref={bar} role="toolbar" aria-label={label} className={styles.bar} onKeyDown={go}>
            {children}
        </div>
    );
}
