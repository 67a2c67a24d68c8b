locals {
    a=1
}
