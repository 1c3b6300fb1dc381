import { Body1, makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
    lead: { display: "block", maxWidth: "46rem", color: tokens.colorNeutralForeground2 },
});

/** What a part of a page is about, in a sentence or two. */
export function Lead({ children }: { children: ReactNode }) {
    return (
        <Body1 as="p" className={useStyles().lead} style={{ margin: 0 }}>
            {children}
        </Body1>
    );
}
