/** How paragraphs are made; told where lines follow each other, which become one in Teams, before somebody wonders. */

import { Link, makeStyles } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useDraft } from "./draft";
import { joinsLines, separateLines } from "./markup";

const useStyles = makeStyles({ link: { fontSize: "inherit", lineHeight: "inherit" } });

export function LinesHint({ onSeparate }: { onSeparate: (text: string) => void }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { body } = useDraft().manuscript;
    if (!joinsLines(body)) return t("compose.body.hint");
    return (
        <>
            {t("compose.body.joins")}{" "}
            <Link
                as="button"
                type="button"
                inline
                className={styles.link}
                onClick={() => onSeparate(separateLines(body))}
            >
                {t("compose.body.separate")}
            </Link>
        </>
    );
}
