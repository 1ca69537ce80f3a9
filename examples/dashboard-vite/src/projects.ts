/** The projects of the example. An application would ask its own API. */
export interface Project {
  id: string;
  title: string;
}

export const projects: readonly Project[] = [
  { id: "demo", title: "Demo" },
  { id: "job-1041", title: "Garage clear-out" },
  { id: "job-1042", title: "Sofa and two mattresses" },
  { id: "job-1043", title: "Yard waste" },
];
