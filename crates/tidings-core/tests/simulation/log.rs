use super::dice::Dice;
pub(crate) fn history(_: &mut Dice) -> usize {
    0
}
