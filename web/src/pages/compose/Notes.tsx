/** What the server wants its author to know; nothing of it is wrong. */

import { makeStyles, Text, tokens } from "@fluentui/react-components";
import { InfoRegular } from "@fluentui/react-icons";
import { useDraft } from "./draft";

const useStyles = makeStyles({
    note: { display: "flex", gap: tokens.spacingHorizontalS, color: tokens.colorNeutralForeground2 },
    icon: { flexShrink: 0, marginTop: "2px" },
});

export function Notes() {
    const styles = useStyles();
    const { validation } = useDraft();
    return validation?.notes.map((note) => (
        <Text key={note} className={styles.note}>
            <InfoRegular className={styles.icon} aria-hidden />
            <span lang="en">{note}</span>
        </Text>
    ));
}
