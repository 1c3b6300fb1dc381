/** What the server says of a manuscript without keeping it: what is wrong with it, and what people would get. */

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, data } from "../../api/client";
import type { Fault } from "../../api/problem";
import type { BroadcastDocument, Manuscript, Validation } from "../../api/types";
import type { Saving } from "./desk";
import { isHeavy } from "./weight";

/** How long nobody types before the server is asked, in milliseconds. */
const QUIET = 350;

/** `value`, once it has not changed for a moment. */
export function useSettled<T>(value: T, quiet = QUIET): T {
    const [settled, settle] = useState(value);
    useEffect(() => {
        const timer = setTimeout(() => settle(value), quiet);
        return () => clearTimeout(timer);
    }, [value, quiet]);
    return settled;
}

/** What the server says of `manuscript`. Two that look at the same one ask once. */
export const validation = (manuscript: Manuscript) =>
    queryOptions({
        queryKey: ["validation", lightened(manuscript)] as const,
        staleTime: 60_000,
        gcTime: 60_000,
        queryFn: ({ signal }) => data(api.POST("/api/v1/broadcasts/validate", { body: lightened(manuscript), signal })),
    });

/** The same of a draft on its desk; a long list is judged where it was saved. */
export function useValidation(
    document: BroadcastDocument,
    manuscript: Manuscript,
    saving: Saving,
): Validation | undefined {
    const isLong = isHeavy(manuscript);
    const { data: told } = useQuery({ ...validation(useSettled(manuscript)), placeholderData: keepPreviousData });
    const { data: saved } = useQuery({
        queryKey: ["validation", document.id, document.draft?.version],
        enabled: isLong && saving === "saved",
        placeholderData: keepPreviousData,
        queryFn: ({ signal }) =>
            data(api.POST("/api/v1/broadcasts/{id}/validate", { params: { path: { id: document.id } }, signal })),
    });
    if (!isLong || !told || !saved) return told;
    const faults = [...told.faults, ...faultsOf(saved.faults, "audience")];
    return { ...told, faults, is_valid: faults.length === 0 };
}

function lightened(manuscript: Manuscript): Manuscript {
    if (!isHeavy(manuscript)) return manuscript;
    return { ...manuscript, audience: { expression: "everyone", list: null, lists: {} }, accept_partial: false };
}

/** Those of `faults` that are of `field`, or of what is below it. */
export function faultsOf(faults: Fault[], field: string): Fault[] {
    return faults.filter(
        (fault) => fault.field === field || fault.field.startsWith(`${field}.`) || fault.field.startsWith(`${field}[`),
    );
}
