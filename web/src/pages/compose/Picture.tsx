/** The picture between title and text: from a file, the clipboard or the web, and what it shows in words. */

import {
    Button,
    Field,
    Input,
    Link,
    makeStyles,
    mergeClasses,
    Spinner,
    Text,
    tokens,
    typographyStyles,
    useId,
} from "@fluentui/react-components";
import { ImageAddRegular } from "@fluentui/react-icons";
import { type DragEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Passages } from "../../ui/Passages";
import { Trouble } from "../../ui/Trouble";
import { useDraft } from "./draft";
import { PictureShown } from "./PictureShown";
import { useFault } from "./telling";
import { pictureAmong, usePastedPicture, usePicture } from "./usePicture";

const useStyles = makeStyles({
    group: {
        display: "flex",
        flexDirection: "column",
        gap: tokens.spacingVerticalS,
        margin: 0,
        padding: 0,
        border: "none",
        minWidth: 0,
    },
    legend: { ...typographyStyles.body1, padding: 0, marginBottom: tokens.spacingVerticalXS },
    hint: { color: tokens.colorNeutralForeground3 },
    drop: {
        display: "flex",
        flexWrap: "wrap",
        alignItems: "center",
        gap: tokens.spacingHorizontalM,
        padding: tokens.spacingHorizontalL,
        border: `1px dashed ${tokens.colorNeutralStroke1}`,
        borderRadius: tokens.borderRadiusLarge,
    },
    over: { backgroundColor: tokens.colorBrandBackground2, border: `1px dashed ${tokens.colorBrandStroke1}` },
    link: { fontSize: "inherit", lineHeight: "inherit" },
    wrong: { color: tokens.colorPaletteRedForeground1 },
});

const KINDS = "image/png,image/jpeg,image/gif";

export function Picture() {
    const { t } = useTranslation();
    const styles = useStyles();
    const label = useId("picture");
    const { manuscript, change } = useDraft();
    const { image } = manuscript;
    const picture = usePicture();
    const [isByLink, setByLink] = useState(false);
    const input = useRef<HTMLInputElement>(null);
    const choose = () => input.current?.click();
    usePastedPicture(picture.put);

    return (
        <fieldset className={styles.group}>
            <legend className={styles.legend}>{t("compose.picture.label")}</legend>
            <input
                ref={input}
                type="file"
                accept={KINDS}
                hidden
                onChange={({ currentTarget }) => {
                    const [file] = currentTarget.files ?? [];
                    if (file) picture.put(file);
                    currentTarget.value = "";
                }}
            />
            {picture.isUploading ? (
                <div className={styles.drop}>
                    <Spinner size="tiny" label={t("compose.picture.uploading", { name: picture.name })} />
                    <Button size="small" onClick={picture.remove}>
                        {t("common.cancel")}
                    </Button>
                </div>
            ) : image && !(isByLink && !image.picture) ? (
                <PictureShown
                    image={image}
                    taken={picture.taken}
                    onDescribe={(description) => change({ image: { ...image, description } })}
                    onReplace={choose}
                    onAddress={() => setByLink(true)}
                    onRemove={() => {
                        picture.remove();
                        requestAnimationFrame(() => document.getElementById(`${label}-choose`)?.focus());
                    }}
                />
            ) : isByLink ? (
                <ByLink onFile={() => setByLink(false)} onDone={() => setByLink(false)} />
            ) : (
                <Drop
                    chooseId={`${label}-choose`}
                    onChoose={choose}
                    onFile={picture.put}
                    onLink={() => {
                        picture.reset();
                        setByLink(true);
                    }}
                />
            )}
            <div aria-live="polite">
                {picture.wrong.length > 0 && (
                    <Text className={styles.wrong}>
                        <Passages of={picture.wrong} />
                    </Text>
                )}
                {picture.again && <Trouble error={picture.error} onRetry={picture.again} />}
            </div>
        </fieldset>
    );
}

type DropProps = { chooseId: string; onChoose: () => void; onFile: (file: File) => void; onLink: () => void };

function Drop({ chooseId, onChoose, onFile, onLink }: DropProps) {
    const { t } = useTranslation();
    const styles = useStyles();
    const [isOver, setOver] = useState(false);
    const drop = (event: DragEvent) => {
        event.preventDefault();
        setOver(false);
        const file = pictureAmong(event.dataTransfer.files);
        if (file) onFile(file);
    };
    return (
        // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one more way; the button is for everybody.
        <div
            className={mergeClasses(styles.drop, isOver && styles.over)}
            onDragOver={(event) => {
                event.preventDefault();
                setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={drop}
        >
            <Button id={chooseId} icon={<ImageAddRegular />} onClick={onChoose}>
                {t("compose.picture.choose")}
            </Button>
            <Text className={styles.hint}>{isOver ? t("compose.picture.dropping") : t("compose.picture.drop")}</Text>
            <Text size={200} className={styles.hint} block>
                {t("compose.picture.kinds")}{" "}
                <Link as="button" inline className={styles.link} onClick={onLink}>
                    {t("compose.picture.by_link")}
                </Link>
            </Text>
        </div>
    );
}

function ByLink({ onFile, onDone }: { onFile: () => void; onDone: () => void }) {
    const { t } = useTranslation();
    const { manuscript, change } = useDraft();
    const fault = useFault("image.url", t("compose.picture.address"));
    const { image } = manuscript;
    const put = (url: string) =>
        change({
            image: url.trim() ? { picture: null, url: url.trim(), description: image?.description ?? "" } : null,
        });
    const finish = () => {
        if (image?.url?.startsWith("https://")) onDone();
    };
    return (
        <>
            <Field label={t("compose.picture.address")} hint={t("compose.picture.address_hint")} {...fault.field}>
                <Input
                    type="url"
                    autoFocus
                    placeholder="https://"
                    value={image?.url ?? ""}
                    onChange={(_, { value }) => put(value)}
                    onBlur={() => {
                        fault.onBlur();
                        finish();
                    }}
                    onKeyDown={({ key }) => key === "Enter" && finish()}
                />
            </Field>
            <div>
                <Link
                    as="button"
                    onClick={() => {
                        change({ image: null });
                        onFile();
                    }}
                >
                    {t("compose.picture.by_file")}
                </Link>
            </div>
        </>
    );
}
