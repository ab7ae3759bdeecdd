/** The recordings of a room. */
export const recordings = {
  title: 'Recordings',
  keep: 'Keep recordings for',
  keepForever: 'Until someone deletes them',
};
