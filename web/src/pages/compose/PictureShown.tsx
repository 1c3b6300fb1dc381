/** A picture that is in the draft, and what it shows in words. */

import { Button, Field, makeStyles, Text, Textarea, tokens } from "@fluentui/react-components";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Manuscript, PictureTakenIn } from "../../api/types";
import { format } from "../../ui/format";
import { useFault } from "./telling";

const useStyles = makeStyles({
    shown: {
        display: "grid",
        gridTemplateColumns: "140px minmax(0, 1fr)",
        gap: tokens.spacingHorizontalL,
        alignItems: "start",
        "@media (max-width: 600px)": { gridTemplateColumns: "minmax(0, 1fr)" },
    },
    frame: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalXS },
    thumb: {
        width: "100%",
        maxHeight: "140px",
        objectFit: "contain",
        borderRadius: tokens.borderRadiusMedium,
        backgroundColor: tokens.colorNeutralBackground3,
    },
    tools: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS, marginTop: tokens.spacingVerticalS },
    hint: { color: tokens.colorNeutralForeground3 },
    wrong: { color: tokens.colorPaletteRedForeground1, overflowWrap: "anywhere" },
});

type Props = {
    image: NonNullable<Manuscript["image"]>;
    taken: PictureTakenIn | undefined;
    onDescribe: (description: string) => void;
    onReplace: () => void;
    /** Of one from the web. */
    onAddress: () => void;
    onRemove: () => void;
};

export function PictureShown({ image, taken, onDescribe, onReplace, onAddress, onRemove }: Props) {
    const { t } = useTranslation();
    const styles = useStyles();
    const address = image.picture ? `/pictures/${image.picture}` : (image.url ?? "");
    // One that travelled inside a message has no address that anybody could read.
    const isFile = Boolean(image.picture) || image.url?.startsWith("data:");
    const [broken, setBroken] = useState<string>();
    const fault = useFault("image.description", t("compose.picture.description"));
    const wrong = useFault(image.picture ? "image.picture" : "image.url", t("compose.picture.address"));
    return (
        <div className={styles.shown}>
            <div className={styles.frame}>
                {address && broken !== address && (
                    <img src={address} alt="" className={styles.thumb} onError={() => setBroken(address)} />
                )}
                {broken === address && (
                    <Text className={styles.wrong}>{t("compose.picture.not_loaded", { address })}</Text>
                )}
                {wrong.field.validationMessage && <Text className={styles.wrong}>{wrong.field.validationMessage}</Text>}
                {taken && (
                    <Text size={200} className={styles.hint}>
                        {t("compose.picture.size", {
                            width: format.number(taken.width),
                            height: format.number(taken.height),
                            bytes: format.bytes(taken.bytes),
                        })}
                    </Text>
                )}
                {taken?.was_animated && (
                    <Text size={200} className={styles.hint}>
                        {t("compose.picture.animated")}
                    </Text>
                )}
            </div>
            <div>
                <Field
                    label={t("compose.picture.description")}
                    required
                    hint={t("compose.picture.description_hint")}
                    {...fault.field}
                >
                    <Textarea
                        resize="vertical"
                        value={image.description}
                        onChange={(_, { value }) => onDescribe(value)}
                        onBlur={fault.onBlur}
                    />
                </Field>
                <div className={styles.tools}>
                    {isFile ? (
                        <Button size="small" onClick={onReplace}>
                            {t("compose.picture.replace")}
                        </Button>
                    ) : (
                        <Button size="small" onClick={onAddress}>
                            {t("compose.picture.change_address")}
                        </Button>
                    )}
                    <Button size="small" onClick={onRemove}>
                        {t("compose.picture.remove")}
                    </Button>
                </div>
            </div>
        </div>
    );
}
