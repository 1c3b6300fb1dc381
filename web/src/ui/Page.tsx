/** What every page is made of: a heading with what can be done, and a body. Moving to a page moves the reader's focus there. */

import { makeStyles, tokens, typographyStyles } from "@fluentui/react-components";
import { type ReactNode, useEffect, useRef } from "react";

const useStyles = makeStyles({
    head: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "center",
        gap: tokens.spacingHorizontalM,
        marginBottom: tokens.spacingVerticalL,
    },
    heading: {
        ...typographyStyles.title2,
        margin: 0,
        flexGrow: 1,
        minWidth: 0,
        // However long it is, what can be done stays beside it where there is room for both.
        "@media (min-width: 641px)": { flexBasis: "60%" },
        overflowWrap: "anywhere",
        ":focus-visible": { outline: "none" },
    },
    actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
});

type Props = { title: string; beside?: ReactNode; actions?: ReactNode; children: ReactNode };

export function Page({ title, beside, actions, children }: Props) {
    const styles = useStyles();
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => {
        document.title = `${title} – Stentor`;
    }, [title]);
    useEffect(() => {
        // Unless what is on it has taken it already: a field that waits to be filled in.
        const main = heading.current?.closest("main");
        const isTaken = document.activeElement !== main && main?.contains(document.activeElement);
        if (!isTaken) heading.current?.focus({ preventScroll: true });
    }, []);
    return (
        <>
            <div className={styles.head}>
                <h1 ref={heading} tabIndex={-1} className={styles.heading}>
                    {title}
                </h1>
                {beside}
                {actions && <div className={styles.actions}>{actions}</div>}
            </div>
            {children}
        </>
    );
}
