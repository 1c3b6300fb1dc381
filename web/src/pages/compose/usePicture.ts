/** Uploads a picture, and puts it into the draft. */

import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { api, data, sending } from "../../api/client";
import { Refused, Unreachable } from "../../api/problem";
import type { PictureTakenIn } from "../../api/types";
import { format } from "../../ui/format";
import { faultPassages } from "../../ui/slip";
import { useDraft } from "./draft";
import { shrink } from "./shrink";

const BYTES_MAX = 20 * 1024 * 1024;

/** A file that is none. */
class NoPicture extends Error {}

async function upload(file: File, signal: AbortSignal): Promise<PictureTakenIn> {
    return data(
        api.POST("/api/v1/pictures", {
            body: file as unknown as string,
            bodySerializer: (body: unknown) => body as Blob,
            headers: { "Content-Type": file.type || "application/octet-stream" },
            signal,
            ...sending(file.size),
        }),
    );
}

/** The first picture among what was dropped or pasted. */
export function pictureAmong(files: Iterable<File>): File | undefined {
    return [...files].find((file) => file.type.startsWith("image/")) ?? [...files][0];
}

export function usePicture() {
    const { t } = useTranslation();
    const { change, manuscript } = useDraft();
    const abort = useRef<AbortController>(undefined);
    const { mutate, reset, isPending, error, variables, data } = useMutation({
        mutationFn: async (chosen: File) => {
            // Whatever is still on its way would otherwise win if it is slower.
            abort.current?.abort();
            const { name } = chosen;
            if (chosen.type && !chosen.type.startsWith("image/"))
                throw new NoPicture(t("compose.picture.not_a_picture", { name }));
            const calledOff = new AbortController();
            abort.current = calledOff;
            const file = await shrink(chosen);
            if (file.size > BYTES_MAX)
                throw new NoPicture(t("compose.picture.too_large", { name, bytes: format.bytes(file.size) }));
            return upload(file, calledOff.signal);
        },
        onSuccess: ({ id }) => change({ image: { picture: id, url: null, description: "" } }),
    });
    useEffect(() => () => abort.current?.abort(), []);

    const wrong = error instanceof Refused ? error.faults[0] : undefined;
    const isNone = wrong?.slip?.code === "no_picture";
    const isSlow = error instanceof Refused && error.code === "body_too_slow";
    const name = variables?.name ?? "";
    return {
        put: mutate,
        reset,
        isUploading: isPending,
        name,
        /** Why it could not be used; nothing where nobody answered. */
        wrong: isNone
            ? [{ text: t("compose.picture.not_a_picture", { name }) }]
            : isSlow
              ? [{ text: t("compose.picture.too_slow", { name }) }]
              : wrong
                ? faultPassages(wrong, t("compose.picture.label"))
                : error === null || error instanceof Unreachable
                  ? []
                  : [{ text: error.message }],
        /** Once more, the same file, where nobody answered. */
        again: error instanceof Unreachable && variables ? () => mutate(variables) : undefined,
        error,
        /** What is known of the picture that is in the draft, if it was uploaded just now. */
        taken: data?.id === manuscript.image?.picture ? data : undefined,
        remove: () => {
            abort.current?.abort();
            reset();
            change({ image: null });
        },
    };
}

/** Hears of a picture that is pasted anywhere on the page. */
export function usePastedPicture(put: (file: File) => void) {
    useEffect(() => {
        const hear = (event: ClipboardEvent) => {
            const { files, types } = event.clipboardData ?? {};
            // Office programs paste words together with a picture of them.
            if (!files?.length || types?.includes("text/plain")) return;
            const file = pictureAmong(files);
            if (!file) return;
            event.preventDefault();
            put(file);
        };
        document.addEventListener("paste", hear);
        return () => document.removeEventListener("paste", hear);
    }, [put]);
}
