import { makeStyles, Subtitle1, tokens } from "@fluentui/react-components";
import { type ReactNode, useId } from "react";

const useStyles = makeStyles({
    section: {
        display: "flex",
        flexDirection: "column",
        alignItems: "flex-start",
        gap: tokens.spacingVerticalM,
        padding: `${tokens.spacingVerticalXL} 0`,
        borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
        // What follows it at the foot has a line of its own.
        ":last-child, :has(+ [data-foot])": { borderBottom: "none" },
        ":first-child": { paddingTop: 0 },
    },
    title: { margin: 0 },
});

/** One question of the page, under its heading. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
    const styles = useStyles();
    const id = useId();
    return (
        <section className={styles.section} aria-labelledby={id}>
            <Subtitle1 as="h2" id={id} className={styles.title}>
                {title}
            </Subtitle1>
            {children}
        </section>
    );
}
