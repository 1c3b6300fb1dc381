/** A few choices of which one holds, as icons side by side. */

import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { type ReactElement, useId } from "react";

const useStyles = makeStyles({
    group: {
        display: "inline-flex",
        margin: 0,
        padding: "2px",
        border: "none",
        borderRadius: tokens.borderRadiusMedium,
        backgroundColor: tokens.colorNeutralBackground3,
    },
    choice: {
        position: "relative",
        display: "inline-flex",
        alignItems: "center",
        justifyContent: "center",
        width: "28px",
        height: "26px",
        fontSize: "18px",
        color: tokens.colorNeutralForeground2,
        borderRadius: tokens.borderRadiusMedium,
        cursor: "pointer",
        ":hover": { color: tokens.colorNeutralForeground1 },
        ":focus-within": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
    },
    chosen: {
        color: tokens.colorBrandForeground1,
        backgroundColor: tokens.colorNeutralBackground1,
        boxShadow: tokens.shadow2,
    },
    input: { position: "absolute", inset: 0, width: "100%", height: "100%", margin: 0, opacity: 0, cursor: "pointer" },
});

type Props<T extends string> = {
    label: string;
    value: T;
    choices: readonly { value: T; label: string; icon: ReactElement }[];
    onChange: (value: T) => void;
};

export function Segments<T extends string>({ label, value, choices, onChange }: Props<T>) {
    const styles = useStyles();
    const name = useId();
    return (
        <fieldset aria-label={label} className={styles.group}>
            {choices.map((choice) => (
                <span
                    key={choice.value}
                    title={choice.label}
                    className={mergeClasses(styles.choice, choice.value === value && styles.chosen)}
                >
                    <input
                        type="radio"
                        name={name}
                        aria-label={choice.label}
                        className={styles.input}
                        checked={choice.value === value}
                        onChange={() => onChange(choice.value)}
                    />
                    {choice.icon}
                </span>
            ))}
        </fieldset>
    );
}
