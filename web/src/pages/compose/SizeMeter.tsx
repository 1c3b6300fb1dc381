/** How much of what Teams takes a message fills. */

import { Caption1, Field, makeStyles, ProgressBar, tokens } from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import type { MessagePreview } from "../../api/types";
import { format } from "../../ui/format";

const useStyles = makeStyles({
    meter: {
        display: "grid",
        gridTemplateColumns: "auto minmax(60px, 1fr) auto",
        gap: tokens.spacingHorizontalM,
        alignItems: "center",
    },
    quiet: { color: tokens.colorNeutralForeground3 },
});

/** From here on it is worth a colour. */
const MUCH = 0.8;

export function SizeMeter({ message }: { message: MessagePreview }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const { bytes, bytes_max, image_bytes } = message;
    const share = bytes / bytes_max;
    const said = { bytes: format.bytes(bytes), max: format.bytes(bytes_max) };
    return (
        <div className={styles.meter}>
            <Caption1 className={styles.quiet}>{t("compose.size.label")}</Caption1>
            <Field validationState="none">
                <ProgressBar
                    aria-label={t("compose.size.label")}
                    value={Math.min(1, share)}
                    color={share > 1 ? "error" : share > MUCH ? "warning" : "brand"}
                />
            </Field>
            <Caption1 className={styles.quiet}>
                {image_bytes > 0
                    ? t("compose.size.with_picture", { ...said, picture: format.bytes(image_bytes) })
                    : t("compose.size.of", said)}
            </Caption1>
        </div>
    );
}
