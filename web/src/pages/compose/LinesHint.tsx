/** Lines that follow each other become one in Teams: told before somebody wonders. */

import { Link, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useDraft } from "./draft";
import { joinsLines, separateLines } from "./markup";

const useStyles = makeStyles({ hint: { color: tokens.colorNeutralForeground3 } });

export function LinesHint({ onSeparate }: { onSeparate: (text: string) => void }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { body } = useDraft().manuscript;
    if (!joinsLines(body)) return null;
    return (
        <Text size={200} className={styles.hint}>
            {t("compose.body.joins")}{" "}
            <Link as="button" inline onClick={() => onSeparate(separateLines(body))}>
                {t("compose.body.separate")}
            </Link>
        </Text>
    );
}
