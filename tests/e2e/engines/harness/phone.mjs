/** The window of a middling phone, in CSS pixels. */
export const PHONE = { width: 390, height: 844 };
