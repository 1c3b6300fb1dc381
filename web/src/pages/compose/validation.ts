/** What the server says of a manuscript without keeping it: what is wrong with it, and what people would get. */

import { queryOptions } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, data } from "../../api/client";
import type { Fault } from "../../api/problem";
import type { Manuscript } from "../../api/types";

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

/** What the server says of `manuscript`, as it is. Two that look at the same one ask once. */
export const validation = (manuscript: Manuscript) =>
    queryOptions({
        queryKey: ["validation", manuscript] as const,
        staleTime: 60_000,
        gcTime: 60_000,
        queryFn: ({ signal }) => data(api.POST("/api/v1/broadcasts/validate", { body: manuscript, signal })),
    });

/** Those of `faults` that are of `field`, or of what is below it. */
export function faultsOf(faults: Fault[], field: string): Fault[] {
    return faults.filter(
        (fault) => fault.field === field || fault.field.startsWith(`${field}.`) || fault.field.startsWith(`${field}[`),
    );
}
