/** Nothing is here yet, why that is, and what to do. */

import { Body1, makeStyles, Subtitle1, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
    empty: {
        display: "flex",
        flexDirection: "column",
        alignItems: "center",
        textAlign: "center",
        gap: tokens.spacingVerticalM,
        padding: `${tokens.spacingVerticalXXXL} ${tokens.spacingHorizontalL}`,
        color: tokens.colorNeutralForeground2,
    },
    icon: { fontSize: "48px", color: tokens.colorBrandForeground1, lineHeight: 1 },
});

export function Empty({
    icon,
    title,
    text,
    children,
}: {
    icon?: ReactNode;
    title: string;
    text?: string;
    children?: ReactNode;
}) {
    const styles = useStyles();
    return (
        <div className={styles.empty}>
            {icon && (
                <span className={styles.icon} aria-hidden>
                    {icon}
                </span>
            )}
            <Subtitle1 as="h2" style={{ margin: 0 }}>
                {title}
            </Subtitle1>
            {text && <Body1>{text}</Body1>}
            {children}
        </div>
    );
}
