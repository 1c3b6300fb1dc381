/** Values that time changes by itself. */

import { useEffect, useState } from "react";

/** The present moment in milliseconds, looked at again every so many. */
export function useNow(every = 1000): number {
    const [now, setNow] = useState(Date.now);
    useEffect(() => {
        const timer = setInterval(() => setNow(Date.now()), every);
        return () => clearInterval(timer);
    }, [every]);
    return now;
}

/** `value` once it has stood for a moment: nobody asks the server at every letter. */
export function useCalm<T>(value: T, moment = 300): T {
    const [calm, setCalm] = useState(value);
    useEffect(() => {
        const timer = setTimeout(() => setCalm(value), moment);
        return () => clearTimeout(timer);
    }, [value, moment]);
    return calm;
}
